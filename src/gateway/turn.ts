/**
 * The life of one turn: resolve the model, lease a session, take a place on its process, ask,
 * stream, commit. A client sees either one clean stream or one error.
 */
import { cancelled, GatewayError, toGatewayError } from '../base/errors';
import type { InputUsage, TurnEvent, TurnPlacement } from '../conversation/events';
import type { Message, Tool, ToolChoice, TurnRequest } from '../conversation/messages';
import { assertRenderable, renderPrompt } from '../conversation/render';
import { withoutNoise } from '../conversation/volatile';
import { estimateTextTokens, estimateTokens, estimateToolTokens } from '../conversation/tokens';
import type { Answer, AnswerResult } from '../lingma/dialect';
import { type Model, modelKey } from '../lingma/models';
import type { Incarnation } from '../lingma/instance';
import type { Pool, Slot } from '../lingma/pool';
import type { Lease, SessionCache } from '../session/cache';
import { chainExtend, chainHeads, continuationPoints, type Head } from '../session/chain';
import { buildKey } from '../session/key';
import type { Logger } from '../observe/log';
import { AnswerReader, answerMessage } from './answerReader';
import { resolveModel } from './models';
import { reminderDigests, untoldReminders } from './reminders';
import type { TurnCounters } from './turnCounters';

export interface TurnRunnerOptions {
  readonly cache: SessionCache;
  readonly pool: Pool;
  readonly modelAliases: Readonly<Record<string, string>>;
  readonly counters: TurnCounters;
  readonly logger: Logger;
}

/** Who asks; sessions are never shared between two callers. */
export interface Caller {
  readonly apiKey: string;
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
  readonly toolChoice: ToolChoice;
  readonly instruction: string | undefined;
  /** Tools whose calls are looked for in the answer; none when the turn forbids calls. */
  readonly callable: ReadonlySet<string>;
  /** `heads[i]` is the head after the first `i` messages. */
  readonly heads: readonly Head[];
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
  'body_too_large',
]);

export class TurnRunner {
  readonly #options: TurnRunnerOptions;

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
        `${caller.requestId} ended after ${seconds} s with ${error.code}: ${error.message}`,
      );
      throw error;
    }
  }

  async #plan(request: TurnRequest, caller: Caller, signal: AbortSignal): Promise<Plan> {
    const { pool, modelAliases } = this.#options;
    const { model: name, tools, toolChoice } = request;
    const messages = withoutNoise(request.messages);
    const model = resolveModel(name, await pool.models(signal), modelAliases);
    assertRenderable(messages);
    const toolConfig = tools.length > 0 ? { tools } : undefined;
    const scope = buildKey(caller.apiKey, [], { toolConfig, branchContext: model.id });
    const { conversationHint: id } = request;
    return {
      model,
      messages,
      tools,
      toolChoice,
      instruction: request.instruction,
      callable: new Set(toolChoice.mode === 'none' ? [] : tools.map((tool) => tool.name)),
      heads: chainHeads(scope, messages),
      reminders: reminderDigests(messages),
      streams: caller.streams,
      hint: id === undefined ? undefined : `${scope} ${id}`,
    };
  }

  /** One try on the leased session; if that fails without a trace, one more on a fresh one. */
  async *#attempts(plan: Plan, signal: AbortSignal): AsyncGenerator<TurnEvent, void> {
    const { cache, logger } = this.#options;
    const { heads, messages, reminders, hint } = plan;
    const lease = cache.lease({ heads, points: continuationPoints(messages), reminders, hint });
    let emitted = false;
    let failed: Incarnation | undefined;
    try {
      const placed = (owner: Incarnation): void => {
        failed = owner;
      };
      for await (const event of this.#attempt(plan, lease, signal, placed)) {
        emitted = true;
        yield event;
      }
      return;
    } catch (thrown) {
      const error = toGatewayError(thrown);
      const worthRetrying = lease.session !== undefined || error.code === 'instance_lost';
      if (emitted || !worthRetrying || NOT_THE_SESSIONS_FAULT.has(error.code)) throw error;
      logger.log('info', `retrying with the whole conversation: ${error.message}`);
    }
    yield* this.#attempt(plan, cache.fresh('lost'), signal, () => undefined, failed);
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
    const answer = live.dialect.ask(
      {
        sessionId: lease.session?.sessionId,
        prompt: renderPrompt({
          messages: [
            ...untoldReminders(plan.messages, lease),
            ...plan.messages.slice(lease.matched),
          ],
          continuing: lease.session !== undefined,
          tools: plan.tools,
          toolChoice: plan.toolChoice,
          instruction: plan.instruction,
        }),
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
    const last = plan.heads[plan.heads.length - 1] ?? '';
    lease.commit({
      sessionId: result.sessionId,
      owner: slot.live.owner,
      head: chainExtend(last, answer),
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
  const toolTokens = estimateToolTokens(plan.tools);
  return {
    inputTokens: toolTokens + estimateTokens(plan.messages),
    cachedTokens: lease.session
      ? toolTokens + estimateTokens(plan.messages.slice(0, lease.matched))
      : 0,
  };
}

function abortError(signal: AbortSignal): GatewayError {
  return signal.reason instanceof GatewayError ? signal.reason : cancelled();
}
