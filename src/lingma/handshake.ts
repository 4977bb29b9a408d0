/** From a connected socket to a process that takes turns (protocol §3). */
import { version } from '../base/version';
import { type Model, readModels } from './models';
import type { RpcConnection } from './rpc';

/** Limit of one control call (protocol §8). */
const CONTROL_TIMEOUT_MS = 30_000;
/** What the process need not answer may not hold up its start for long. */
const OPTIONAL_TIMEOUT_MS = 5_000;
/** `auth/status` reports a signed-in user with this value; no other is documented. */
const STATUS_SIGNED_IN = 2;

export interface Handshake {
  readonly models: readonly Model[];
  /** null when the process does not say. */
  readonly signedIn: boolean | null;
}

/** `initialize`, then sign-in state and models. Only a failed `initialize` is fatal. */
export async function shakeHands(rpc: RpcConnection): Promise<Handshake> {
  await rpc.request('initialize', initializeParams(), CONTROL_TIMEOUT_MS);
  const [signedIn, models] = await Promise.all([
    rpc.request('auth/status', {}, OPTIONAL_TIMEOUT_MS).then(readSignedIn, () => null),
    rpc.request('config/queryModels', {}, OPTIONAL_TIMEOUT_MS).catch(() => undefined),
  ]);
  return { signedIn, models: readModels(models) };
}

/** Only the one fact leaves this function: the same answer holds tokens we must never keep. */
function readSignedIn(status: unknown): boolean | null {
  if (typeof status !== 'object' || status === null || !('status' in status)) return null;
  return status.status === STATUS_SIGNED_IN;
}

/** The union of what the known runtimes expect (protocol §3). */
function initializeParams(): object {
  return {
    processId: process.pid,
    clientInfo: { name: 'lingma-gateway', version },
    rootUri: null,
    capabilities: {},
    workspaceFolders: [],
    protocolVersion: 1,
    clientCapabilities: {},
    timestamp: Date.now(),
  };
}
