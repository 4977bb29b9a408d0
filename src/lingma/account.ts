/**
 * Who is signed in at a Lingma process and what that account may use (protocol §3, §5). Secrets end
 * here: what leaves this file is a yes or no, a list of models, and an address for a browser.
 */
import { GatewayError } from '../base/errors';
import { isRecord } from '../base/json';
import { type Model, readModels } from './models';
import type { RpcConnection } from './rpc';

/** What the process need not answer may not hold up its start for long. */
const FACTS_TIMEOUT_MS = 5_000;
const SIGN_IN_TIMEOUT_MS = 15_000;
/** `auth/status` reports a signed-in user with this value; no other is documented. */
const STATUS_SIGNED_IN = 2;
/** Names by which a computer calls itself; only there may the sign-in page lack encryption. */
const LOOPBACK = new Set(['127.0.0.1', 'localhost', '[::1]']);

export interface AccountFacts {
  /** null when the process does not say. */
  readonly signedIn: boolean | null;
  /** undefined when the process did not answer. */
  readonly models: readonly Model[] | undefined;
}

export class Account {
  readonly #rpc: RpcConnection;

  constructor(rpc: RpcConnection) {
    this.#rpc = rpc;
  }

  /** As the process sees it now. Neither fact is worth failing for, so this never rejects. */
  async facts(): Promise<AccountFacts> {
    const [signedIn, models] = await Promise.all([
      this.#rpc.request('auth/status', {}, FACTS_TIMEOUT_MS).then(readSignedIn, () => null),
      this.#rpc
        .request('config/queryModels', {}, FACTS_TIMEOUT_MS)
        .then(readModels, () => undefined),
    ]);
    return { signedIn, models };
  }

  /**
   * The vendor's page on which the user signs in; the process itself hears of it when that is done.
   * Rejects with `sign_in_unavailable`.
   */
  async signInUrl(): Promise<string> {
    const params = { loginDedicatedType: '' };
    const result = await this.#rpc
      .request('login/generateUrl', params, SIGN_IN_TIMEOUT_MS)
      .catch((error: unknown) => {
        throw signInUnavailable(error instanceof Error ? error.message : String(error));
      });
    return readSignInUrl(result);
  }
}

/** Only the one fact leaves this function: the same answer holds tokens we must never keep. */
export function readSignedIn(status: unknown): boolean | null {
  if (!isRecord(status) || !('status' in status)) return null;
  return status['status'] === STATUS_SIGNED_IN;
}

/**
 * The page in a `login/generateUrl` result: https, or http on this computer. Anything else would be
 * opened with the user's trust, so it throws `sign_in_unavailable`.
 */
export function readSignInUrl(result: unknown): string {
  const { loginUrl, success, errorMsg } = isRecord(result) ? result : {};
  if (success === false || typeof loginUrl !== 'string' || loginUrl === '') {
    const reason = typeof errorMsg === 'string' ? errorMsg.trim().slice(0, 200) : '';
    throw signInUnavailable(reason || 'Lingma gave no address to sign in at.');
  }
  const url = URL.canParse(loginUrl) ? new URL(loginUrl) : undefined;
  const isLocal = url?.protocol === 'http:' && LOOPBACK.has(url.hostname);
  if (url?.protocol !== 'https:' && !isLocal) {
    throw signInUnavailable('Lingma gave an address that is not a web page to sign in at.');
  }
  return loginUrl;
}

/** There is no way to sign in from here; `reason` is a sentence that says why. */
export function signInUnavailable(reason: string): GatewayError {
  return new GatewayError({
    code: 'sign_in_unavailable',
    status: 503,
    message: `The gateway cannot ask for a sign-in page: ${reason} Sign in within Lingma itself, then restart the gateway.`,
    retryable: true,
  });
}
