/** A command-line agent seen through what the tests do with it. */
import type { ClientRow } from '../features';

/** Where one agent lives for the time of its tests; nothing else of this machine is its own. */
export interface Surroundings {
  /** An empty HOME at first. */
  readonly home: string;
  /** The folder it works in. */
  readonly work: string;
  /** The gateway, without a path. */
  readonly baseUrl: string;
  readonly apiKey: string;
}

export interface CliClient extends ClientRow {
  /** The program and what always comes first, as for spawn; throws when it is not installed. */
  readonly command: () => readonly [string, ...string[]];
  /** Writes its configuration; gives the variables it needs besides HOME and PATH. */
  readonly setUp: (surroundings: Surroundings) => Readonly<Record<string, string>>;
  /**
   * Arguments for one prompt: in a new conversation or in the newest one again. `detailed` asks
   * for output that holds thoughts as well.
   */
  readonly args: (prompt: string, options: { again: boolean; detailed: boolean }) => string[];
  /** Its own tool for running a command, as the model has to call it. */
  readonly shell: (command: string) => { readonly tool: string; readonly parameters: object };
  /** A text that only the prompts of its side requests hold: for a title, for its memory. */
  readonly sideRequest?: string;
  /** Its first message lists the folder it works in: with other files it is another conversation. */
  readonly listsFolder?: true;
  /** It sends the thoughts of earlier answers back. */
  readonly returnsThoughts?: true;
  /** It gives up on answers that break off, soon enough to watch it; others try for minutes. */
  readonly givesUp?: true;
  /** It honours NO_PROXY, so a dead proxy can stand in the way of calls that leave the machine. */
  readonly honoursNoProxy: boolean;
  /** Seconds one prompt may take on a busy machine. */
  readonly patienceSeconds: number;
}
