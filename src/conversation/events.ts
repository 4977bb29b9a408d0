/** The neutral answer: what a running turn tells the dialect that encodes it. */

/** Token counts of what the model is asked; known before it answers. */
export interface InputUsage {
  /** Tokens of the whole conversation the model answers to, reused or sent. */
  readonly inputTokens: number;
  /** The part of `inputTokens` that the continued session already held. */
  readonly cachedTokens: number;
}

/** Token counts of one turn. */
export interface Usage extends InputUsage {
  /** Tokens of the answer, its reasoning and its calls. */
  readonly outputTokens: number;
  /** The part of `outputTokens` that is reasoning. */
  readonly reasoningTokens: number;
  /** True when the counts are our estimate because the process reported none. */
  readonly estimated: boolean;
}

/**
 * How a turn related to the sessions in the cache:
 * - `continued` a session held a prefix of it, and only the rest was sent;
 * - `new` nothing of it was known;
 * - `branched` its prefix was known, but the session has gone on differently (regenerate, edit);
 * - `busy` its prefix is in the middle of another turn (parallel requests);
 * - `compacted` a known conversation came back shorter, summarised by its client;
 * - `diverged` a known conversation came back with answers that were not ours;
 * - `expired` its session was given up by age or number;
 * - `lost` its session went with its process, or failed.
 */
export const REUSE_REASONS = [
  'continued',
  'new',
  'branched',
  'busy',
  'compacted',
  'diverged',
  'expired',
  'lost',
] as const;
export type ReuseReason = (typeof REUSE_REASONS)[number];

/** Where a turn ran and what it cost; known before the first output. */
export interface TurnPlacement {
  readonly reason: ReuseReason;
  readonly instanceId: string;
  /** Messages of the request that travelled to the process … */
  readonly sentMessages: number;
  /** … of so many that the request held. */
  readonly totalMessages: number;
  /** Bytes of the texts that travelled, images left out … */
  readonly sentBytes: number;
  /** … of so many in the whole conversation. */
  readonly totalBytes: number;
}

/**
 * `toolCalls` when the answer ends with calls the client has to run; `stopSequence` and `length`
 * when the gateway cut it where the client asked for that.
 */
export type FinishReason = 'stop' | 'toolCalls' | 'stopSequence' | 'length';

/** One complete call; `index` counts the calls of an answer from 0. */
export interface ToolCallEvent {
  readonly type: 'toolCall';
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly argumentsJson: string;
}

/**
 * Events of a turn, in order: one `start`, any number of deltas, one `end`. A turn that fails
 * throws a GatewayError instead of ending; it never makes up an `end`.
 */
export type TurnEvent =
  | {
      readonly type: 'start';
      readonly placement: TurnPlacement;
      readonly model: string;
      /** An estimate of ours: the process counts nothing before it has answered. */
      readonly usage: InputUsage;
    }
  | { readonly type: 'text'; readonly delta: string }
  | { readonly type: 'reasoning'; readonly delta: string }
  | ToolCallEvent
  | {
      readonly type: 'end';
      readonly finishReason: FinishReason;
      /** The sequence the answer was cut at; set when the reason is `stopSequence`. */
      readonly stopSequence?: string | undefined;
      readonly usage: Usage;
    };
