/** What a gateway is built from, and the defaults that settings and flags share. */

export interface GatewayOptions {
  /** TCP port on 127.0.0.1; 0 picks a free one. */
  readonly port: number;
  /** The key clients must present. */
  readonly apiKey: string;
  /** Path of the Lingma program; empty = look for it, then use the demo. */
  readonly program: string;
  readonly instances: number;
  /** Turns one instance runs at once; 0 = unlimited. */
  readonly maxInFlight: number;
  /** Sessions the cache keeps; 0 switches reuse off. */
  readonly sessionMax: number;
  /** Seconds a session stays reusable after its last turn; 0 or less = for ever. */
  readonly sessionTtlSeconds: number;
  /** Folder that holds one work folder per instance (and with it Lingma's sign-in). */
  readonly workDir: string;
  /** What happens when `workDir` is in use by another gateway: fail, or take the next free one. */
  readonly workDirConflict: 'fail' | 'next';
  /** Glob of a client's model name → model id, or `default` for the process's default model. */
  readonly modelAliases: Readonly<Record<string, string>>;
  /** Folder of the built files (`demo.js`, `guardian.js`). */
  readonly distDir: string;
}

export const defaults = {
  port: 8317,
  instances: 1,
  maxInFlight: 4,
  sessionMax: 256,
  sessionTtlSeconds: 1800,
  modelAliases: { 'claude-*': 'default', 'gpt-*': 'default', 'o*': 'default' },
} as const satisfies Partial<GatewayOptions>;

/** Inclusive bounds of the numeric options; settings are clamped to them, flags are checked. */
export const bounds = {
  port: { min: 0, max: 65_535 },
  instances: { min: 1, max: 16 },
  maxInFlight: { min: 0, max: 1_024 },
  sessionMax: { min: 0, max: 1_000_000 },
  sessionTtlSeconds: { min: 0, max: 31_536_000 },
} as const;
