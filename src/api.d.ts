/**
 * The API of the Lingma Gateway extension for other extensions. The file stands alone: copy it into
 * your sources and import its types. How to get hold of the API is told in
 * `docs/extension-authors.md`.
 *
 * Version 1 stays as it is. It may get further members; none of those below will change its meaning
 * or go. A value typed as a plain `string` may take values that are not known yet.
 */

/** What `activate()` of the extension `lingma-gateway.lingma-gateway` resolves with. */
export interface LingmaGatewayExports {
  /** The API of that version. Throws a `RangeError` for a version that this extension lacks. */
  getAPI(version: 1): LingmaGatewayApi;
}

/** Version 1 of the API. Its methods may be called in every state of the gateway. */
export interface LingmaGatewayApi {
  /** The gateway's life as of now. */
  readonly state: GatewayState;

  /**
   * The address that the gateway listens at, such as `http://127.0.0.1:8317`; undefined while it
   * does not. An OpenAI client takes this with `/v1` behind it, an Anthropic client as it is.
   */
  readonly baseUrl: string | undefined;

  /**
   * The key to present, as `Authorization: Bearer …` or `x-api-key`. Made on first use and changed only
   * by the user, so ask for it anew rather than keep it. It is the user's: send it to `baseUrl` only and write it down nowhere.
   */
  apiKey(): Promise<string>;

  /**
   * Starts the gateway unless it runs, and resolves once it takes requests. A start that fails is
   * shown to the user, so call this when the user has asked for something, not when your extension
   * is activated. Rejects with a `GatewayFailure`.
   */
  ensureRunning(): Promise<GatewayEndpoint>;

  /**
   * The models that a request may name, sorted by id. Empty while the gateway does not run; rejects
   * with a `GatewayFailure` when Lingma cannot be asked.
   */
  models(): Promise<readonly GatewayModel[]>;

  /** The gateway's numbers as of the last change; undefined while there is no gateway. */
  stats(): GatewayStats | undefined;

  /**
   * Calls the listener after `state`, `baseUrl` or `stats()` may have changed: at once for a state
   * of another kind, else at most a few times a second. Dispose the result to hear no more.
   */
  onDidChange(listener: () => void): { dispose(): void };
}

/** Where requests go, and with which key. */
export interface GatewayEndpoint {
  readonly baseUrl: string;
  readonly apiKey: string;
}

/** The gateway's life. */
export type GatewayState =
  | { readonly kind: 'stopped' }
  | { readonly kind: 'starting' }
  | {
      readonly kind: 'ready';
      /**
       * Whether the gateway runs in this window, or in another one of the same user that this window
       * follows. Address, key and numbers are the same in both; when the leader closes, a follower
       * takes over at the same address.
       */
      readonly role: 'leader' | 'follower';
      readonly baseUrl: string;
      /** True when no Lingma was found, so that an embedded demo answers. */
      readonly demo: boolean;
      /** True when nobody is signed in to Lingma, so that requests are refused. */
      readonly signedOut: boolean;
    }
  | { readonly kind: 'stopping' }
  | {
      readonly kind: 'failed';
      /** A stable code such as `port_in_use`. */
      readonly code: string;
      /** What went wrong and what to do about it, for people. */
      readonly problem: string;
    };

/** What a promise of the API rejects with. */
export interface GatewayFailure extends Error {
  /** A stable code such as `port_in_use` or `stopping`; match on this, not on the message. */
  readonly code: string;
}

/** A model of Lingma's. */
export interface GatewayModel {
  /** What a request names as its `model`. */
  readonly id: string;
  /** What people call it. */
  readonly name: string;
  /** Whether it takes pictures; undefined when Lingma did not say. */
  readonly vision: boolean | undefined;
  /** Whether it shows its reasoning. */
  readonly reasoning: boolean;
}

/** The gateway's numbers since its start. They hold no secret and no text of a conversation. */
export interface GatewayStats {
  /** The version of the gateway, such as `0.1.0`. */
  readonly version: string;
  readonly uptimeSeconds: number;
  readonly instances: readonly GatewayInstance[];
  readonly sessionCache: SessionCacheStats;
  readonly concurrency: {
    /** Turns that run right now. */
    readonly inFlight: number;
    /** Turns that wait for a place right now. */
    readonly queued: number;
    /** Turns that one instance runs at once; 0 when there is no limit. */
    readonly maxInFlightPerInstance: number;
  };
  readonly turns: TurnStats;
}

/** One Lingma process and what has become of those before it. */
export interface GatewayInstance {
  /** A stable name such as `lingma-1`; survives restarts. */
  readonly id: string;
  readonly state: 'stopped' | 'starting' | 'ready' | 'reconnecting' | 'failed' | 'closed';
  /** True while it takes no new turns, because it will end when those it has are over. */
  readonly draining: boolean;
  /** Counts the processes it has had; a session lives as long as its process. */
  readonly incarnation: number;
  readonly pid: number | null;
  /** Sessions that are pinned to it. */
  readonly pinnedSessions: number;
  /** Turns running on it now. */
  readonly inFlight: number;
  readonly restarts: number;
  /** Whether somebody is signed in to it; null when that is not known (yet). */
  readonly signedIn: boolean | null;
  /** Why it is not ready, for people. */
  readonly problem: string | null;
}

/** The cache that lets a conversation go on where it was, under the names of `/internal/stats`. */
export interface SessionCacheStats {
  /** False when sessions are not reused. */
  readonly enabled: boolean;
  readonly size: number;
  readonly max: number;
  /** Seconds that an idle session is kept; 0 when it is kept until it is evicted. */
  readonly ttl_sec: number;
  readonly hit_total: number;
  readonly miss_total: number;
  /** Hits of all look-ups, from 0 to 1. */
  readonly hit_rate: number;
  readonly evict_total: number;
  readonly expire_total: number;
  readonly invalidate_total: number;
  /** Sessions in the middle of a turn right now; part of `size`. */
  readonly leased: number;
}

/** How turns went. */
export interface TurnStats {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
  /** Messages that travelled to a process … */
  readonly sentMessages: number;
  /** … of so many that requests held. */
  readonly totalMessages: number;
  /** Turns by how they related to the sessions in the cache. */
  readonly reasons: Readonly<Record<ReuseReason, number>>;
}

/**
 * - `continued` a session held the beginning of the conversation, and only the rest was sent;
 * - `new` nothing of it was known;
 * - `branched` the session has gone on differently (an answer was asked for again, or edited);
 * - `busy` the session was in the middle of another turn;
 * - `compacted` a known conversation came back shorter, summarised by its client;
 * - `diverged` a known conversation came back with answers that were not Lingma's;
 * - `expired` the session was given up by age or number;
 * - `lost` the session went with its process, or failed.
 */
export type ReuseReason =
  'continued' | 'new' | 'branched' | 'busy' | 'compacted' | 'diverged' | 'expired' | 'lost';
