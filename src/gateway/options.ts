/** What a gateway is built from, and the defaults that settings and flags share. */
import { LOOPBACK } from '../base/address';
import type { AskMode } from '../lingma/dialect';
import type { GivenKey } from './clientKeys';
import type { BlindModelRule } from './vision';

/** Where the processes that take turns come from. */
export type Source =
  /** Spawn Lingma; an empty path = look for it, then use the demo. */
  | { readonly kind: 'lingma'; readonly program: string }
  /** Use a client that runs already: an info file, socket or `ws://` URL; empty = look for one. */
  | { readonly kind: 'attach'; readonly target: string }
  /** Spawn an agent that speaks the Agent Client Protocol, by its command line. */
  | { readonly kind: 'agent'; readonly command: string };

export interface GatewayOptions {
  /** The IP address it listens on. Beyond loopback, prompts and keys travel unencrypted. */
  readonly host: string;
  /** TCP port on it; 0 picks a free one. */
  readonly port: number;
  /** The gateway's own key, which opens everything. */
  readonly apiKey: string;
  /** Keys of named clients. They open `/v1/*` only, each with sessions of its own. */
  readonly clientKeys: readonly GivenKey[];
  /** Origins of web pages that may call with a key, such as `http://localhost:3000`. */
  readonly corsOrigins: readonly string[];
  /** Names by which it may be called, besides those of loopback and the address it listens on. */
  readonly allowedHosts: readonly string[];
  /** Requests with a body that one key may have at work at a time; 0 = any number. */
  readonly maxTurnsPerKey: number;
  readonly source: Source;
  readonly instances: number;
  /** Turns one instance runs at once; 0 = unlimited. */
  readonly maxInFlight: number;
  /** Sessions the cache keeps; 0 switches reuse off. */
  readonly sessionMax: number;
  /** Sessions kept on one instance at most; 0 = as many as `sessionMax` allows. */
  readonly sessionMaxPerInstance: number;
  /** Seconds a session stays reusable after its last turn; 0 or less = for ever. */
  readonly sessionTtlSeconds: number;
  /** Seconds a turn may go without any sign from its process before it is given up. */
  readonly idleTimeoutSeconds: number;
  /** Seconds a turn may take in all. */
  readonly turnTimeoutSeconds: number;
  /** Folder that holds one work folder per instance (and with it Lingma's sign-in). */
  readonly workDir: string;
  /** What happens when `workDir` is in use by another gateway: fail, or take the next free one. */
  readonly workDirConflict: 'fail' | 'next';
  /** Variables of the environment that Lingma gets beside those that it needs; `*` ends a beginning. */
  readonly passEnvironment: readonly string[];
  /** Glob of a client's model name → model id, or `default` for the process's default model. */
  readonly modelAliases: Readonly<Record<string, string>>;
  /** How turns are asked whose model name does not say it. */
  readonly askMode: AskMode;
  /** Whether images are fetched of which clients send the address only. */
  readonly remoteImages: boolean;
  /** What becomes of images for a model that takes none. */
  readonly blindModels: BlindModelRule;
  /** Whether the texts of the latest turns are kept in memory, for the owner to read. */
  readonly captureBodies: boolean;
  /** Folder of the built files (`demo.js`, `guardian.js`). */
  readonly distDir: string;
}

export const defaults = {
  host: LOOPBACK,
  port: 8317,
  corsOrigins: [],
  allowedHosts: [],
  // As long as the line of all turns that wait: no key fills it, as some of its turns run.
  maxTurnsPerKey: 256,
  instances: 1,
  maxInFlight: 4,
  sessionMax: 256,
  // A process refuses sessions beyond a limit nobody documents, so more is for users to try.
  sessionMaxPerInstance: 256,
  sessionTtlSeconds: 1800,
  // Lingma may think for long without a word (protocol §8).
  idleTimeoutSeconds: 120,
  turnTimeoutSeconds: 900,
  passEnvironment: [],
  // The agent puts a long prompt of its own in front and has tools of its own.
  askMode: 'chat',
  // Whoever holds a key could otherwise have the gateway call places of their choice.
  remoteImages: false,
  blindModels: 'refuse',
  // Conversations are nobody's business, until their owner wants to look at them.
  captureBodies: false,
  modelAliases: { 'claude-*': 'default', 'gpt-*': 'default', 'o*': 'default' },
} as const satisfies Partial<GatewayOptions>;

/** Inclusive bounds of the numeric options; settings are clamped to them, flags are checked. */
export const bounds = {
  port: { min: 0, max: 65_535 },
  maxTurnsPerKey: { min: 0, max: 100_000 },
  instances: { min: 1, max: 16 },
  maxInFlight: { min: 0, max: 1_024 },
  sessionMax: { min: 0, max: 1_000_000 },
  sessionMaxPerInstance: { min: 0, max: 1_000_000 },
  sessionTtlSeconds: { min: 0, max: 31_536_000 },
  idleTimeoutSeconds: { min: 1, max: 86_400 },
  turnTimeoutSeconds: { min: 1, max: 86_400 },
} as const;
