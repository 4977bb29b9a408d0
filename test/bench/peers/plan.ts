/** What the fake upstream answers: the one thing that it and the clients have to agree on. */

/** How the next turns are answered. */
export interface Plan {
  readonly deltas: number;
  /** Between two deltas; 0 = all of them at once. */
  readonly paceMs: number;
}

/** Closes every answer, so that a client can tell a whole one. */
export const lastWord = 'END.';

/** Milliseconds of a clock that all processes of this machine share. */
export function sharedNowMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}

/** The delta at `index`, which says when it was written. */
export function deltaText(index: number, { deltas }: Plan): string {
  return `w${index}@${sharedNowMs().toFixed(3)} ${index + 1 === deltas ? lastWord : ''}`;
}

/** What the first delta begins with. */
export const firstWord = 'w0@';

/** A delta in what a client received, with the time at which it was written. */
export const deltaPattern = /w\d+@(\d+\.\d{3}) /g;

/** What the fake upstream has counted since it was asked last. */
export interface UpstreamReport {
  readonly turns: number;
  /** Bytes of the prompts, and of whole requests on their connection, of turns asked over Lingma's protocol. */
  readonly promptBytes: number;
  readonly requestBytes: number;
  readonly lastPrompt: string;
  /** Replies to what the upstream had asked. */
  readonly acknowledged: number;
}

/** To the upstream: answer like this from now on, or tell what was counted. */
export type UpstreamOrder =
  { readonly kind: 'plan'; readonly plan: Plan } | { readonly kind: 'report' };

/** From the upstream: it listens, it has taken a plan, or what it counted. */
export type UpstreamMessage =
  | { readonly kind: 'listening'; readonly port: number }
  | { readonly kind: 'planned' }
  | { readonly kind: 'report'; readonly report: UpstreamReport };
