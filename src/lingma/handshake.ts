/** From an open connection to a dialect that takes turns (protocol §3, §4.3). */
import { GatewayError } from '../base/errors';
import { version } from '../base/version';
import { Account } from './account';
import { AcpDialect } from './acp/dialect';
import { type AgentFacts, readAgentFacts } from './acp/facts';
import { initializeParams as agentParams, type Runtime } from './acp/params';
import { Sessions } from './acp/sessions';
import { ChatAskDialect } from './chatAsk';
import type { Peer } from './connect/connector';
import type { AskLimits, Dialect } from './dialect';
import { type Model, readModels } from './models';
import { METHOD_NOT_FOUND, type RpcConnection } from './rpc';

/** Limit of one control call (protocol §8). */
const CONTROL_TIMEOUT_MS = 30_000;
/** A connection that takes turns. The dialect stays the same for as long as it lives. */
export interface Handshake {
  readonly dialect: Dialect;
  readonly models: readonly Model[];
  /** null when the process does not say. */
  readonly signedIn: boolean | null;
  /** Who is signed in and how to; null for an agent, which keeps that to itself. */
  readonly account: Account | null;
}

export interface HandshakeOptions {
  readonly peer: Peer;
  /** An empty folder for sessions that want one. */
  readonly cwd: string;
  readonly limits: AskLimits;
}

/**
 * `initialize`, then everything a turn needs to know, and which dialect is spoken: a spawned
 * process is asked with `chat/ask`, an agent with `session/*`, and a client of the user's with
 * `session/*` if it opens a session (protocol §4.3). Rejects with a GatewayError.
 */
export function shakeHands(rpc: RpcConnection, options: HandshakeOptions): Promise<Handshake> {
  switch (options.peer) {
    case 'spawned':
      return greetProcess(rpc, options);
    case 'shared':
      return greetClient(rpc, options);
    case 'agent':
      return greetAgent(rpc, options);
  }
}

async function greetProcess(rpc: RpcConnection, options: HandshakeOptions): Promise<Handshake> {
  await rpc.request('initialize', initializeParams(), CONTROL_TIMEOUT_MS);
  return { ...(await lingmaFacts(rpc)), dialect: new ChatAskDialect(rpc, options.limits) };
}

async function greetClient(rpc: RpcConnection, options: HandshakeOptions): Promise<Handshake> {
  const result = await rpc.request('initialize', initializeParams(), CONTROL_TIMEOUT_MS);
  const { sessions, facts } = acpParts(rpc, 'lingma', result, options);
  const [known, first] = await Promise.all([lingmaFacts(rpc), sessions.first()]);
  const lacksSessions =
    first.kind === 'silent' || (first.kind === 'refused' && first.code === METHOD_NOT_FOUND);
  const dialect = lacksSessions
    ? new ChatAskDialect(rpc, options.limits)
    : new AcpDialect({ rpc, runtime: 'lingma', facts, sessions, limits: options.limits });
  return { ...known, dialect };
}

async function greetAgent(rpc: RpcConnection, options: HandshakeOptions): Promise<Handshake> {
  const result = await rpc.request('initialize', agentParams(), CONTROL_TIMEOUT_MS);
  const { sessions, facts } = acpParts(rpc, 'agent', result, options);
  const first = await sessions.first();
  if (first.kind !== 'opened') throw noFirstSession(first.kind === 'refused' ? first.message : '');
  const { models } = first.session;
  return {
    dialect: new AcpDialect({ rpc, runtime: 'agent', facts, sessions, limits: options.limits }),
    models: models.length > 0 ? models : readModels(undefined),
    signedIn: null,
    account: null,
  };
}

function acpParts(
  rpc: RpcConnection,
  runtime: Runtime,
  initialized: unknown,
  { cwd }: HandshakeOptions,
): { sessions: Sessions; facts: AgentFacts } {
  const facts = readAgentFacts(initialized);
  return { facts, sessions: new Sessions({ rpc, runtime, facts, cwd }) };
}

/** What every Lingma runtime tells alike; a silent one still takes turns. */
async function lingmaFacts(
  rpc: RpcConnection,
): Promise<Pick<Handshake, 'models' | 'signedIn' | 'account'>> {
  const account = new Account(rpc);
  const { signedIn, models } = await account.facts();
  return { account, signedIn, models: models ?? readModels(undefined) };
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

function noFirstSession(message: string): GatewayError {
  return new GatewayError({
    code: 'start_failed',
    status: 503,
    message:
      `The agent opened no session${message && `: ${message}`}. Run its command once in a terminal ` +
      'and sign in or choose a model there, then restart the gateway.',
  });
}
