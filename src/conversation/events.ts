/** The neutral answer: what a running turn tells the dialect that encodes it. */

/** Token counts of one turn. */
export interface Usage {
  /** Tokens of the whole conversation the model answered to, reused or sent. */
  readonly inputTokens: number;
  /** The part of `inputTokens` that the continued session already held. */
  readonly cachedTokens: number;
  readonly outputTokens: number;
  /** True when the counts are our estimate because the process reported none. */
  readonly estimated: boolean;
}

/** How a turn related to the sessions in the cache. */
export type ReuseReason = 'continued' | 'new';

/** Where a turn ran and what it cost; known before the first output. */
export interface TurnPlacement {
  readonly reason: ReuseReason;
  readonly instanceId: string;
  /** Messages of the request that travelled to the process … */
  readonly sentMessages: number;
  /** … of so many that the request held. */
  readonly totalMessages: number;
}

/**
 * Events of a turn, in order: one `start`, any number of deltas, one `end`. A turn that fails
 * throws a GatewayError instead of ending; it never makes up an `end`.
 */
export type TurnEvent =
  | { readonly type: 'start'; readonly placement: TurnPlacement; readonly model: string }
  | { readonly type: 'text'; readonly delta: string }
  | { readonly type: 'reasoning'; readonly delta: string }
  | { readonly type: 'end'; readonly finishReason: 'stop'; readonly usage: Usage };
