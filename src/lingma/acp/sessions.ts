/** The sessions of one connection: opening them, giving them a model, letting them go. */
import { systemClock } from '../../base/systemClock';
import { GatewayError, toGatewayError } from '../../base/errors';
import { deleteLingmaSession } from '../deleteSession';
import type { RpcConnection, RpcReply } from '../rpc';
import { type AgentFacts, type NewSession, readNewSession } from './facts';
import { newSessionParams, type Runtime, setModelCall } from './params';

/** Limit of what has to happen before a prompt (protocol §8). */
const SETUP_TIMEOUT_MS = 15_000;
const RELEASE_TIMEOUT_MS = 10_000;
/** How long a session may lie ready without a prompt: agents write the date into them. */
const SPARE_MAX_AGE_MS = 300_000;

export interface SessionsOptions {
  readonly rpc: RpcConnection;
  readonly runtime: Runtime;
  readonly facts: AgentFacts;
  /** The folder that sessions are told to work in. */
  readonly cwd: string;
}

/** The outcome of a first `session/new`, which also shows whether the other end has such a method. */
export type FirstSession =
  | { readonly kind: 'opened'; readonly session: NewSession }
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  | { readonly kind: 'silent' };

export class Sessions {
  readonly #options: SessionsOptions;
  /** Every session that was made here and not let go since. */
  readonly #known = new Map<string, NewSession & { modelId: string }>();
  /** Opened, but without a turn so far. */
  #spare: { readonly id: string; readonly openedAtMs: number } | undefined;

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Opens the first session, which stays ready for the first turn. Rejects with the connection. */
  async first(): Promise<FirstSession> {
    const reply = await this.#call('session/new', this.#newParams()).catch((error: unknown) => {
      const failure = toGatewayError(error);
      if (failure.code === 'upstream_timeout') return 'silent' as const;
      throw failure;
    });
    if (reply === 'silent') return { kind: 'silent' };
    if ('error' in reply) return { kind: 'refused', ...reply.error };
    const session = this.#read(reply.result);
    this.putBack(session.id);
    return { kind: 'opened', session };
  }

  /** A session without a turn: the one that lies ready, or a new one. */
  async open(): Promise<string> {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare && systemClock.continuousMs() - spare.openedAtMs < SPARE_MAX_AGE_MS) return spare.id;
    if (spare) void this.release(spare.id);
    const reply = await this.#call('session/new', this.#newParams());
    if ('error' in reply) throw refused('session/new', reply.error);
    return this.#read(reply.result).id;
  }

  /** A session that no prompt was sent to after all is as good as new. */
  putBack(sessionId: string): void {
    if (this.#spare) void this.release(sessionId);
    else this.#spare = { id: sessionId, openedAtMs: systemClock.continuousMs() };
  }

  /** Gives the session this model unless it has it; an empty key leaves the choice to the agent. */
  async useModel(sessionId: string, modelKey: string): Promise<void> {
    const session = this.#known.get(sessionId);
    if (!modelKey || !session || session.modelId === modelKey) return;
    const { runtime } = this.#options;
    const { method, params } = setModelCall(runtime, session.modelChoice, sessionId, modelKey);
    const reply = await this.#call(method, params);
    if ('error' in reply) throw refused(method, reply.error);
    session.modelId = modelKey;
  }

  /** Lets a session go for good, where the other end offers that; never rejects. */
  async release(sessionId: string): Promise<void> {
    const { rpc, runtime, facts } = this.#options;
    this.#known.delete(sessionId);
    if (this.#spare?.id === sessionId) this.#spare = undefined;
    if (runtime === 'lingma') await deleteLingmaSession(rpc, sessionId);
    else if (facts.release) {
      await rpc.request(facts.release, { sessionId }, RELEASE_TIMEOUT_MS).catch(() => undefined);
    }
  }

  /** Lets go of every session made here; never rejects. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.#known.keys()].map((id) => this.release(id)));
  }

  #newParams(): object {
    return newSessionParams(this.#options.runtime, this.#options.cwd);
  }

  #read(result: unknown): NewSession {
    const session = readNewSession(result, this.#options.facts.images);
    if (session === undefined) throw noSession();
    this.#known.set(session.id, { ...session });
    return session;
  }

  /** Resolves with the reply, rejects when there is none. A session that comes late is let go. */
  #call(method: string, params: object): Promise<RpcReply> {
    return new Promise((resolve, reject) => {
      let late = false;
      this.#options.rpc.send(method, params, (reply) => {
        clearTimeout(timer);
        if (reply instanceof GatewayError) reject(reply);
        else if (!late) resolve(reply);
        else if (method === 'session/new' && 'result' in reply) {
          const session = readNewSession(reply.result, undefined);
          if (session) void this.release(session.id);
        }
      });
      const timer = setTimeout(() => {
        late = true;
        reject(setupTimeout(method));
      }, SETUP_TIMEOUT_MS);
    });
  }
}

function refused(
  method: string,
  error: { readonly code: number; readonly message: string },
): GatewayError {
  return new GatewayError({
    code: 'upstream_rejected',
    status: 502,
    message:
      `${method} was refused: ${error.message} (${error.code}). If it wants you to sign in, do so ` +
      'where you use it otherwise, then send the request again.',
  });
}

function setupTimeout(method: string): GatewayError {
  return new GatewayError({
    code: 'upstream_timeout',
    status: 504,
    message:
      `${method} was not answered within ${SETUP_TIMEOUT_MS / 1000} s. Close the application that ` +
      'should answer it, open it again, and send the request again.',
    retryable: true,
  });
}

function noSession(): GatewayError {
  return new GatewayError({
    code: 'upstream_failed',
    status: 502,
    message: 'session/new was answered without a session. Send the request again.',
    retryable: true,
  });
}
