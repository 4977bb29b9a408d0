/**
 * What the gateway does, one by one: its conversations, its latest requests and the last hour.
 * Apart from the snapshot, because it is larger and only a dashboard wants it. Holds no secret; the
 * text of conversations is in `RequestDetails` only, and there only while the user has it captured.
 */
import type { ReuseReason } from '../conversation/events';
import type { ClientUsage } from './keyStatistics';

/** Which way a turn came in. */
export type TurnSource = 'chat' | 'responses' | 'messages' | 'ollama' | 'vscode';

/** One conversation and the process it is pinned to. */
export interface SessionActivity {
  /** Ours and made at random: it says nothing of the conversation, and names it for `evict`. */
  readonly id: string;
  readonly instanceId: string;
  /** Name of the key it belongs to. */
  readonly client: string;
  /** The program that sent its last turn, as it names itself (`claude-cli`); null if it does not. */
  readonly agent: string | null;
  readonly source: TurnSource;
  /** As answers name it. */
  readonly model: string;
  readonly turns: number;
  /** Messages the process holds, its last answer included. */
  readonly messages: number;
  /** `leased` while a turn runs on it. */
  readonly state: 'idle' | 'leased';
  /** Since its first turn was answered. */
  readonly ageSeconds: number;
  /** Seconds until it expires; null when it does not, or a turn runs on it. */
  readonly ttlLeftSeconds: number | null;
}

export type RequestState = 'waiting' | 'streaming' | 'completed' | 'failed' | 'cancelled';

/** One turn, running or over. */
export interface RequestActivity {
  /** The request id that its client was told (`x-request-id`). */
  readonly id: string;
  /** Milliseconds since 1970. */
  readonly startedAtMs: number;
  readonly source: TurnSource;
  readonly client: string;
  readonly agent: string | null;
  /** As the client named it. */
  readonly model: string;
  readonly state: RequestState;
  /** Null until the turn has its place, as are the two below. */
  readonly instanceId: string | null;
  readonly reason: ReuseReason | null;
  readonly sentMessages: number | null;
  readonly totalMessages: number;
  /** Milliseconds to the first piece of the answer; null before it. */
  readonly ttftMs: number | null;
  /** Milliseconds until its end, or until now. */
  readonly durationMs: number;
  readonly inputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly outputTokens: number | null;
  /** The stable code of what it failed with. */
  readonly errorCode: string | null;
  /** Whether `RequestDetails` hold the texts of it. */
  readonly captured: boolean;
}

/** The turns of one interval; intervals without turns are there as well, with zeros. */
export interface HistorySample {
  /** When the interval began; milliseconds since 1970. */
  readonly atMs: number;
  readonly hits: number;
  readonly misses: number;
  readonly failed: number;
  /** Median of the interval's turns, in milliseconds; null when none was answered. */
  readonly ttftMs: number | null;
  readonly durationMs: number | null;
}

export interface GatewayActivity {
  /** The ones in a turn first, then the ones used last; 500 at most. */
  readonly sessions: readonly SessionActivity[];
  /** The latest first; 200 at most. */
  readonly requests: readonly RequestActivity[];
  /** The last hour in equal intervals, the oldest first. */
  readonly history: readonly HistorySample[];
  /** What each client has used since the gateway began, the owner first. */
  readonly clients: readonly ClientUsage[];
  /** Whether bodies are captured at the moment. */
  readonly capturing: boolean;
}

/** A request with its texts, if they were captured: secrets and images are taken out of them. */
export interface RequestDetails {
  readonly request: RequestActivity;
  /** The messages as the model was to read them; null when they were not captured. */
  readonly asked: string | null;
  readonly answered: string | null;
  /** True when a text was longer than what is kept. */
  readonly cut: boolean;
}
