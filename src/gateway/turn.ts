/**
 * The life of one turn: resolve the model, lease a session, take a place on its process, ask,
 * stream, commit. A client sees either one clean stream or one error.
 */
import { BoundedMap } from '../base/boundedMap';
import { cancelled, GatewayError, toGatewayError } from '../base/errors';
import type { TurnEvent, TurnPlacement } from '../conversation/events';
import type { Message, Tool, ToolChoice, TurnRequest } from '../conversation/messages';
import type { AnswerPiece } from '../conversation/answerCut';
import { assertRenderable, countImages, type Prompt, renderPrompt } from '../conversation/render';
import type { JudgeApart } from '../conversation/jsonSchema';
import { withoutNoise } from '../conversation/volatile';
import type { TokenCounter } from '../conversation/tokens';
import type { AnswerEvent } from '../lingma/answerQueue';
import type { Answer, AnswerResult } from '../lingma/dialect';
import { modelKey } from '../lingma/models';
import type { Incarnation } from '../lingma/instance';
import type { Pool, Slot } from '../lingma/pool';
import { wantsSignIn } from '../lingma/turnErrors';
import type { SessionCache } from '../session/cache';
import type { Lease } from '../session/lease';
import { Chain, type Head } from '../session/chain';
import { scopeKey } from '../session/key';
import type { Logger } from '../observe/log';
import { JudgedAnswer } from './judgedAnswer';
import type { LiveOptions } from './liveOptions';
import { answerRules } from './repair';
import { AnswerOutput, type OutputRules } from './answerOutput';
import { answerMessage } from './answerReader';
import { type AskTarget, resolveTarget } from './askMode';
import { type Remedy, remedyFor, type Try, type Where } from './remedy';
import { reminderDigests, reminderUpdate } from './reminders';
import type { ActivityLog, SessionLabel, TurnOrigin, TurnReport } from './activityLog';
import { InputTokens } from './inputTokens';
import { ToolSets } from './toolSets';
import type { RemoteImages } from './remoteImages';
import { assertSeen, isBlind } from './vision';

/** Each takes some 200 bytes. */
const REMEMBERED_SCOPES = 1_024;

export interface TurnRunnerOptions {
  readonly cache: SessionCache<SessionLabel>;
  readonly pool: Pool;
  /** Read anew for each turn: what changes holds for the next. */
  readonly rules: Pick<LiveOptions, 'modelAliases' | 'askMode' | 'blindModels'>;
  readonly remoteImages: RemoteImages;
  /** Judges answers by the schemas that may take long. */
  readonly judgeApart: JudgeApart;
  readonly activity: ActivityLog;
  readonly tokens: TokenCounter;
  readonly logger: Logger;
}

/** Who asks; sessions are never shared between two callers. */
export interface Caller extends TurnOrigin {
  /** Digest of the client's key: what its sessions are separated by. */
  readonly scope: string;
  /** Whether the answer is passed on while it comes, or only once it is whole. */
  readonly streams: boolean;
  /** Closes the connection of a client that does not read; left out where there is none. */
  readonly hangUp?: ((error: GatewayError) => void) | undefined;
}

/** What stays the same over the attempts of one turn. */
interface Plan extends OutputRules {
  readonly target: AskTarget;
  readonly messages: readonly Message[];
  readonly tools: readonly Tool[];
  readonly toolTokens: () => number;
  readonly toolChoice: ToolChoice;
  /** False when an answer may hold one call at most. */
  readonly parallelToolCalls: boolean;
  readonly instruction: string | undefined;
  /** The model, when the conversation shows images that it is only told of. */
  readonly unseenBy: string | undefined;
  readonly chain: Chain;
  /** Digests of the client's reminders, which the heads leave out. */
  readonly reminders: readonly string[];
  /** The client's own id, made unique by the scope … */
  readonly hint: string | undefined;
  /** … and again, where it means one conversation by it. */
  readonly conversation: string | undefined;
  readonly streams: boolean;
  readonly hangUp: Caller['hangUp'];
  /** What its session is listed with. */
  readonly label: SessionLabel;
  readonly report: TurnReport;
}

export class TurnRunner {
  readonly #options: TurnRunnerOptions;
  readonly #toolSets: ToolSets;
  readonly #scopes = new BoundedMap<string, string>(REMEMBERED_SCOPES);
  readonly #inputTokens: InputTokens;

  constructor(options: TurnRunnerOptions) {
    this.#options = options;
    this.#toolSets = new ToolSets(options.tokens);
    this.#inputTokens = new InputTokens(options.tokens);
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
    const { activity, logger } = this.#options;
    const startedAtMs = performance.now();
    const report = activity.begin(request, caller);
    try {
      const plan = await this.#plan(request, caller, report, signal);
      for await (const event of this.#attempts(plan, signal)) {
        report.tells(event);
        yield event;
      }
    } catch (thrown) {
      const error = toGatewayError(thrown);
      report.failed(error);
      const seconds = ((performance.now() - startedAtMs) / 1000).toFixed(1);
      const ended = `${caller.requestId} (${caller.client}) ended after ${seconds} s with ${error.code}`;
      // What its client did wrong is the client's news, not the operator's, and may quote the request.
      if (error.status < 500) logger.log('debug', ended);
      else logger.log('warn', `${ended}: ${error.loggable}`);
      throw error;
    } finally {
      // Whoever iterated has left before the end.
      report.abandoned();
    }
  }

  /** Tokens of all that a turn with this request would ask; no process is needed to count them. */
  async countInput({ messages, tools }: Pick<TurnRequest, 'messages' | 'tools'>): Promise<number> {
    const { tokens } = this.#options;
    await tokens.ready();
    return this.#toolSets.of(tools).tokens() + tokens.messages(withoutNoise(messages));
  }

  async #plan(
    request: TurnRequest,
    caller: Caller,
    report: TurnReport,
    signal: AbortSignal,
  ): Promise<Plan> {
    const { pool, rules, remoteImages, judgeApart } = this.#options;
    const { modelAliases, askMode, blindModels } = rules;
    const { model: name, toolChoice, parallelToolCalls = true } = request;
    const said = withoutNoise(request.messages);
    const models = await pool.models(signal);
    const target = resolveTarget(name, models, modelAliases, askMode);
    const { id } = target.model;
    const unseenBy = blindModels === 'placeholder' && isBlind(target.model) ? id : undefined;
    assertRenderable(said);
    if (unseenBy === undefined) assertSeen(said, target.model, models);
    // What nobody will see needs no bytes.
    const messages = unseenBy === undefined ? await remoteImages(said, signal) : said;
    const toolSet = this.#toolSets.of(request.tools);
    // Sessions that were told of images only are never taken for those that hold them.
    const asked = `${target.mode}:${id}${unseenBy === undefined ? '' : ':unseen'}`;
    const scope = this.#scope(caller.scope, toolSet.fingerprint, asked);
    const { conversationHint } = request;
    const hint = conversationHint && `${scope} ${conversationHint.names} ${conversationHint.id}`;
    return {
      target,
      messages,
      tools: toolSet.tools,
      toolTokens: toolSet.tokens,
      toolChoice,
      instruction: request.instruction,
      unseenBy,
      limits: request.limits,
      reasoning: request.reasoning ?? true,
      parallelToolCalls,
      rules: await answerRules(request, toolSet, { apart: judgeApart, signal }),
      chain: new Chain(scope, messages),
      reminders: reminderDigests(messages),
      streams: caller.streams,
      hangUp: caller.hangUp,
      label: {
        client: caller.client,
        agent: caller.agent,
        source: caller.source,
        model: target.name,
      },
      report,
      hint,
      conversation: conversationHint?.names === 'conversation' ? hint : undefined,
    };
  }

  /** A session's scope, computed once for each: clients ask the same model with the same tools. */
  #scope(key: string, tools: string, asked: string): string {
    const id = `${key} ${tools} ${asked}`;
    const known = this.#scopes.get(id) ?? scopeKey(key, tools, asked);
    this.#scopes.set(id, known);
    return known;
  }

  /** Tries on the leased session; what fails without a trace gets one more on a fresh one. */
  async *#attempts(plan: Plan, signal: AbortSignal): AsyncGenerator<TurnEvent, void> {
    const { cache, pool, logger } = this.#options;
    const tried = new Set<Remedy>();
    let lease = cache.lease(plan);
    let where: Where = {};
    for (;;) {
      let emitted = false;
      let reached: Try = { lease, owner: undefined, asked: false };
      const progress = (owner: Incarnation, asked: boolean): void => {
        reached = { lease, owner, asked };
      };
      try {
        for await (const event of this.#attempt(plan, lease, signal, where, progress)) {
          emitted = true;
          yield event;
        }
        return;
      } catch (thrown) {
        // For what failed before anybody else could end it.
        lease.release();
        const error = toGatewayError(thrown);
        const remedies = emitted ? [] : remedyFor(error, reached, pool.readyCount > 1);
        const remedy = remedies.find((one) => !tried.has(one));
        if (!remedy) throw error;
        tried.add(remedy);
        const { owner } = reached;
        where = remedy === 'room' ? { on: owner } : { avoid: owner };
        if (remedy === 'room' && owner) cache.makeRoom(owner);
        logger.log('info', `retrying with the whole conversation: ${error.loggable}`);
      }
      lease = cache.fresh(lease.session ? 'lost' : lease.reason);
    }
  }

  /** @param progress Is told how far the try has got. */
  async *#attempt(
    plan: Plan,
    lease: Lease<SessionLabel>,
    signal: AbortSignal,
    where: Where,
    progress: (owner: Incarnation, asked: boolean) => void,
  ): AsyncGenerator<TurnEvent, void> {
    const { text, images } = renderFor(plan, lease);
    const slot = await this.#acquire(lease, signal, where);
    const { live } = slot;
    progress(live.owner, false);
    const placement = this.#placement(plan, lease, slot);
    plan.report.placed(placement);
    let result: AnswerResult | undefined;
    /** Set once the session has been kept: where it will be found. */
    let head = undefined as Head | undefined;
    const keep = (confirmed: AnswerResult): void => {
      head = this.#commit(plan, lease, slot, confirmed);
    };
    const { mode } = plan.target;
    const answer = new JudgedAnswer(
      live.dialect,
      {
        sessionId: lease.session?.sessionId,
        prompt: text,
        images,
        modelKey: modelKey(plan.target.model),
        mode,
        // The contract stands in the prompt as well: few runtimes honour these (protocol §6).
        tools: mode === 'agent' && plan.rules.tools.size > 0 ? plan.tools : undefined,
      },
      plan.rules,
      {
        completed: (confirmed) => {
          result = confirmed;
          // An answer that may yet be cut has to be read first.
          if (!plan.limits) keep(confirmed);
        },
        // Not when the client has read it all: a slow reader must not hold the process's place.
        ended: (error) => {
          slot.release();
          // Whoever writes to that client waits for it to read on, and would do so for ever.
          if (error?.code === 'client_too_slow') plan.hangUp?.(error);
        },
      },
    );
    const onAbort = (): void => {
      answer.cancel(abortError(signal));
    };
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();

    // No turn waits for the tokenizer, which is loaded from the start of the gateway on.
    const { loaded } = this.#options.tokens;
    const usage = this.#inputTokens.of(plan, lease);
    const start: TurnEvent = { type: 'start', placement, model: plan.target.name, usage };
    let output = new AnswerOutput(plan, this.#options.tokens);
    const unsaid: AnswerPiece[] = [];
    const thoughts: AnswerEvent[] = [];
    let started = false;
    try {
      for await (const event of answer) {
        plan.report.answering();
        if (!plan.streams && event.type === 'reasoning') thoughts.push(event);
        // Nothing can end it early, so it is read once, when it is whole.
        if (!plan.streams && !plan.limits) continue;
        for (const piece of await output.read(event)) {
          if (!plan.streams) unsaid.push(piece);
          else {
            if (!started) yield start;
            started = true;
            yield piece;
          }
        }
        if (output.cut) {
          // At once, and not when the client has read it all.
          answer.cancel(cancelled());
          break;
        }
      }
      const rest: AnswerPiece[] = [];
      if (!plan.streams) {
        // Unless it was cut, a whole answer is taken from the result: what was streamed may have
        // been overwritten.
        const whole: AnswerEvent[] = [...thoughts, { type: 'text', delta: answer.text }];
        if (output.cut) {
          rest.push(...unsaid);
        } else {
          if (plan.limits) output = new AnswerOutput(plan, this.#options.tokens);
          for (const event of whole) rest.push(...(await output.read(event)));
        }
      }
      if (answer.call) rest.push(...(await output.call(answer.call)));
      // Before anything is said of it: a repair that fails is an error of its own.
      rest.push(...(await output.end()), ...(await output.mended(answer.mended)));
      if (!started) yield start;
      yield* rest;
      if (result && !output.cut && !head) keep(result);
      // What follows is not to be built on an estimate.
      if (head && loaded) this.#inputTokens.answered(head, usage);
      yield { type: 'end', ...output.ending, usage: output.usage(usage, answer.usage) };
    } catch (error) {
      const failure = toGatewayError(error);
      if (failure.code === 'upstream_timeout') live.probe();
      if (wantsSignIn(failure)) this.#options.pool.recheck(live.owner);
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      progress(live.owner, answer.asked);
      if (!head) this.#abandon(lease, slot, answer);
      slot.release();
    }
  }

  /** A place for the turn. Until it is there nothing has been sent, so the session stays whole. */
  async #acquire(lease: Lease, signal: AbortSignal, { on, avoid }: Where): Promise<Slot> {
    try {
      const slot = await this.#options.pool.acquire(lease.session?.owner ?? on, signal, avoid);
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

  #commit(plan: Plan, lease: Lease<SessionLabel>, slot: Slot, result: AnswerResult): Head {
    const answer = answerMessage(result.text, plan.rules.tools);
    const head = plan.chain.headAfter(answer);
    lease.commit({
      sessionId: result.sessionId,
      owner: slot.live.owner,
      head,
      messageCount: plan.messages.length + 1,
      reminders: plan.reminders,
      conversation: plan.conversation,
      label: plan.label,
    });
    return head;
  }

  /** The turn was not answered: stop it and forget the session, here and in the process. */
  #abandon(lease: Lease, slot: Slot, answer: Answer): void {
    answer.cancel(cancelled());
    if (!answer.asked) {
      lease.release();
      return;
    }
    lease.drop();
    // The cache has the leased session deleted; one that the process opened, nobody else knows.
    const { sessionId } = answer;
    if (sessionId && sessionId !== lease.session?.sessionId) {
      slot.live.dialect.deleteSession(sessionId);
    }
  }

  #placement(plan: Plan, lease: Lease, slot: Slot): TurnPlacement {
    return {
      reason: lease.reason,
      instanceId: slot.live.owner.instanceId,
      sentMessages: plan.messages.length - lease.matched,
      totalMessages: plan.messages.length,
      sentBytes: plan.chain.bytes - plan.chain.bytesAt(lease.matched),
      totalBytes: plan.chain.bytes,
    };
  }
}

/** What the process is asked: everything, or what the leased session does not hold yet. */
function renderFor(plan: Plan, lease: Lease): Prompt {
  const { messages, tools, toolChoice, parallelToolCalls, instruction, unseenBy } = plan;
  const update = reminderUpdate(messages, plan.reminders, lease);
  const news = messages.slice(lease.matched);
  return renderPrompt({
    messages: update ? [update, ...news] : news,
    continuing: lease.session !== undefined,
    tools,
    toolChoice,
    parallelToolCalls,
    instruction,
    imagesHeld: countImages(messages.slice(0, lease.matched)),
    unseenBy,
  });
}

function abortError(signal: AbortSignal): GatewayError {
  return signal.reason instanceof GatewayError ? signal.reason : cancelled();
}
