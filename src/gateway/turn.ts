/**
 * The life of one turn: resolve the model, lease a session, take a place on its process, ask,
 * stream, commit. A client sees either one clean stream or one error.
 */
import { cancelled, GatewayError, toGatewayError } from '../base/errors';
import type { InputUsage, TurnEvent, TurnPlacement } from '../conversation/events';
import type { Message, Tool, ToolChoice, TurnRequest } from '../conversation/messages';
import { assertRenderable, renderPrompt } from '../conversation/render';
import { withoutNoise } from '../conversation/volatile';
import { estimateTextTokens, estimateTokens } from '../conversation/tokens';
import type { Answer, AnswerResult } from '../lingma/dialect';
import { type Model, modelKey } from '../lingma/models';
import type { Incarnation } from '../lingma/instance';
import type { Pool, Slot } from '../lingma/pool';
import type { Lease, SessionCache } from '../session/cache';
import { Chain } from '../session/chain';
import { scopeKey } from '../session/key';
import type { Logger } from '../observe/log';
import { AnswerReader, answerMessage } from './answerReader';
import { resolveModel } from './models';
import { reminderDigests, untoldReminders } from './reminders';
import { ToolSets } from './toolSets';
import type { TurnCounters } from './turnCounters';
import { assertSeen } from './vision';

export interface TurnRunnerOptions {
  readonly cache: SessionCache;
  readonly pool: Pool;
  readonly modelAliases: Readonly<Record<string, string>>;
  readonly counters: TurnCounters;
  readonly logger: Logger;
}

/** Who asks; sessions are never shared between two callers. */
export interface Caller {
  /** Digest of the client's key: what its sessions are separated by. */
  readonly scope: string;
  /** Names the client in the log. */
  readonly client: string;
  /** Whether the answer is passed on while it comes, or only once it is whole. */
  readonly streams: boolean;
  /** Names the request in the log. */
  readonly requestId: string;
}

/** What stays the same over the attempts of one turn. */
interface Plan {
  readonly model: Model;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolTokens: number;
  readonly toolChoice: ToolChoice;
  readonly instruction: string | undefined;
  /** Tools whose calls are looked for in the answer; none when the turn forbids calls. */
  readonly callable: ReadonlySet<string>;
  readonly chain: Chain;
  /** Digests of the client's reminders, which the heads leave out. */
  readonly reminders: ReadonlySet<string>;
  /** The client's own id of the conversation, made unique by the scope. */
  readonly hint: string | undefined;
  readonly streams: boolean;
}

/** Failures that a fresh session would meet just the same. */
const NOT_THE_SESSIONS_FAULT = new Set([
  'cancelled',
  'stopping',
  'queue_full',
  'queue_timeout',
  'no_instance',
  'upstream_auth',
  'upstream_rate_limit',
  'upstream_content_filter',
  'unsupported_content',
  'body_too_large',
]);

/** What may help a turn that failed before its client saw anything; each is tried once. */
type Remedy = 'fresh' | 'room';

function remedyFor(error: GatewayError, lease: Lease): Remedy | undefined {
  if (error.code === 'upstream_session_limit') return 'room';
  if (NOT_THE_SESSIONS_FAULT.has(error.code)) return undefined;
  return lease.session || error.code === 'instance_lost' ? 'fresh' : undefined;
}

export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #toolSets = new ToolSets();

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
  }

  /**
   * Runs a turn. Iterate to the end; aborting `signal` ends it (its reason, if a GatewayError, is
   * what the iteration throws). Throws GatewayErrors only.
   */
  async *run(
    request: TurnRequest,
    caller: Caller,
    signal: AbortSignal,
  ): AsyncGenerator<TurnEvent, void> {
    const { counters, logger } = this.#options;
    const startedAtMs = performance.now();
    try {
      const plan = await this.#plan(request, caller, signal);
      for await (const event of this.#attempts(plan, signal)) {
        if (event.type === 'start') counters.placed(event.placement);
        yield event;
      }
      counters.completed();
    } catch (thrown) {
      const error = toGatewayError(thrown);
      counters.failed(error);
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      logger.log(
        // What its client did wrong is the client's news, not the operator's.
        error.status < 500 ? 'debug' : 'warn',
        `${caller.requestId} (${caller.client}) ended after ${seconds} s with ${error.code}: ${error.message}`,
      );
      throw error;
    }
  }

  async #plan(request: TurnRequest, caller: Caller, signal: AbortSignal): Promise<Plan> {
    const { pool, modelAliases } = this.#options;
    const { model: name, tools, toolChoice } = request;
    const messages = withoutNoise(request.messages);
    const models = await pool.models(signal);
    const model = resolveModel(name, models, modelAliases);
    assertRenderable(messages);
    assertSeen(messages, model, models);
    const toolSet = this.#toolSets.of(tools);
    const scope = scopeKey(caller.scope, toolSet.fingerprint, model.id);
    const { conversationHint: id } = request;
    return {
      model,
      messages,
      tools,
      toolTokens: toolSet.tokens,
      toolChoice,
      instruction: request.instruction,
      callable: new Set(toolChoice.mode === 'none' ? [] : tools.map((tool) => tool.name)),
      chain: new Chain(scope, messages),
      reminders: reminderDigests(messages),
      streams: caller.streams,
      hint: id === undefined ? undefined : `${scope} ${id}`,
    };
  }

  /** Tries on the leased session; what fails without a trace gets one more on a fresh one. */
  async *#attempts(plan: Plan, signal: AbortSignal): AsyncGenerator<TurnEvent, void> {
    const { cache, logger } = this.#options;
    let lease = cache.lease(plan);
    let failed: Incarnation | undefined;
    const tried = new Set<Remedy>();
    const placed = (owner: Incarnation): void => {
      failed = owner;
    };
    for (;;) {
      let emitted = false;
      try {
        for await (const event of this.#attempt(plan, lease, signal, placed, failed)) {
          emitted = true;
          yield event;
        }
        return;
      } catch (thrown) {
        const error = toGatewayError(thrown);
        const remedy = emitted ? undefined : remedyFor(error, lease);
        if (!remedy || tried.has(remedy)) throw error;
        tried.add(remedy);
        if (remedy === 'room' && failed) cache.makeRoom(failed);
        logger.log('info', `retrying with the whole conversation: ${error.message}`);
      }
      lease = cache.fresh(lease.session ? 'lost' : lease.reason);
    }
  }

  /** @param avoid A process that has just failed this turn. */
  async *#attempt(
    plan: Plan,
    lease: Lease,
    signal: AbortSignal,
    placed: (owner: Incarnation) => void,
    avoid?: Incarnation,
  ): AsyncGenerator<TurnEvent, void> {
    const slot = await this.#acquire(lease, signal, avoid);
    const { live } = slot;
    placed(live.owner);
    let result: AnswerResult | undefined;
    const { text, images } = renderPrompt({
      messages: [...untoldReminders(plan.messages, lease), ...plan.messages.slice(lease.matched)],
      continuing: lease.session !== undefined,
      tools: plan.tools,
      toolChoice: plan.toolChoice,
      instruction: plan.instruction,
    });
    const answer = live.dialect.ask(
      {
        sessionId: lease.session?.sessionId,
        prompt: text,
        images,
        modelKey: modelKey(plan.model),
      },
      {
        completed: (confirmed) => {
          result = confirmed;
          this.#commit(plan, lease, slot, confirmed);
        },
        // Not when the client has read it all: a slow reader must not hold the process's place.
        ended: () => {
          slot.release();
        },
      },
    );
    const onAbort = (): void => {
      answer.cancel(abortError(signal));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();

    const placement = this.#placement(plan, lease, slot);
    const usage = inputUsage(plan, lease);
    const start: TurnEvent = { type: 'start', placement, model: plan.model.id, usage };
    const reader = new AnswerReader(plan.callable);
    const thoughts: TurnEvent[] = [];
    let started = false;
    try {
      for await (const event of answer) {
        // A whole answer is taken from the result: what was streamed may have been overwritten.
        if (!plan.streams && event.type === 'text') continue;
        for (const output of reader.read(event)) {
          if (!plan.streams) thoughts.push(output);
          else {
            if (!started) yield start;
            started = true;
            yield output;
          }
        }
      }
      if (!started) yield start;
      if (!plan.streams) {
        yield* thoughts;
        yield* reader.read({ type: 'text', delta: result?.text ?? '' });
      }
      yield* reader.end();
      const outputTokens = estimateTextTokens(result?.text ?? '');
      yield {
        type: 'end',
        finishReason: reader.finishReason,
        usage: { ...usage, outputTokens, estimated: true },
      };
    } catch (error) {
      if (toGatewayError(error).code === 'upstream_timeout') live.probe();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      if (!result) this.#abandon(lease, slot, answer);
      slot.release();
    }
  }

  /** A place for the turn. Until it is there nothing has been sent, so the session stays whole. */
  async #acquire(lease: Lease, signal: AbortSignal, avoid?: Incarnation): Promise<Slot> {
    try {
      const slot = await this.#options.pool.acquire(lease.session?.owner, signal, avoid);
      if (slot !== 'lost') return slot;
    } catch (error) {
      lease.release();
      throw signal.aborted ? abortError(signal) : error;
    }
    lease.drop();
    throw new GatewayError({
      code: 'instance_lost',
      status: 502,
      message: 'The Lingma process that held this conversation is gone.',
      retryable: true,
    });
  }

  #commit(plan: Plan, lease: Lease, slot: Slot, result: AnswerResult): void {
    const answer = answerMessage(result.text, plan.callable);
    lease.commit({
      sessionId: result.sessionId,
      owner: slot.live.owner,
      head: plan.chain.headAfter(answer),
      messageCount: plan.messages.length + 1,
      reminders: new Set([...(lease.session?.reminders ?? []), ...plan.reminders]),
      hint: plan.hint,
    });
  }

  /** The turn was not answered: stop it and forget the session, here and in the process. */
  #abandon(lease: Lease, slot: Slot, answer: Answer): void {
    answer.cancel(cancelled());
    lease.drop();
    // Only a leased session has the cache to delete it upstream.
    if (!lease.session && answer.sessionId) slot.live.dialect.deleteSession(answer.sessionId);
  }

  #placement(plan: Plan, lease: Lease, slot: Slot): TurnPlacement {
    return {
      reason: lease.reason,
      instanceId: slot.live.owner.instanceId,
      sentMessages: plan.messages.length - lease.matched,
      totalMessages: plan.messages.length,
    };
  }
}

function inputUsage(plan: Plan, lease: Lease): InputUsage {
  const { toolTokens, messages } = plan;
  return {
    inputTokens: toolTokens + estimateTokens(messages),
    cachedTokens: lease.session ? toolTokens + estimateTokens(messages.slice(0, lease.matched)) : 0,
  };
}

function abortError(signal: AbortSignal): GatewayError {
  return signal.reason instanceof GatewayError ? signal.reason : cancelled();
}
