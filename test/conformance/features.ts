/** What is tried with every client; the columns of docs/compat.md. */
export const FEATURES = {
  text: 'Text',
  multiTurn: 'Turns',
  tools: 'Tools',
  parallelTools: 'Parallel tools',
  reasoning: 'Reasoning',
  abort: 'Abort',
  error: 'Errors',
} as const;

export type Feature = keyof typeof FEATURES;

/** How an answer travels. */
export type Mode = 'plain' | 'streamed';

/** One line of the table. */
export interface ClientRow {
  /** As people know it; names the line, so each has another one. */
  readonly name: string;
  readonly version: string;
  /** The endpoint it talks to. */
  readonly endpoint: string;
  readonly modes: readonly Mode[];
  /** Features that the client itself does not have, each with the reason. */
  readonly without: Readonly<Partial<Record<Feature, string>>>;
}
