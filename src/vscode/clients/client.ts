/** A program that can be set up to use the gateway, seen through what setting it up takes. */
import type { Localize } from '../localize';
import { type EditResult, explainProblem } from './edit';

export const clientIds = [
  'claudeCode',
  'codex',
  'openCode',
  'continue',
  'cline',
  'aider',
  'zed',
  'qwenCode',
  'envFile',
  'curl',
] as const;

export type ClientId = (typeof clientIds)[number];

export interface OfferedModel {
  readonly id: string;
  readonly name: string;
}

/** What a client is told. */
export interface ClientFacts {
  /** `http://127.0.0.1:PORT`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** The default model first. */
  readonly models: readonly [OfferedModel, ...OfferedModel[]];
}

/** Where on this machine configurations are. */
export interface Places {
  readonly home: string;
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The workspace folder that was chosen; undefined when there is none on this machine. */
  readonly workspace: string | undefined;
  readonly exists: (file: string) => boolean;
}

/** Where a client's configuration is, or why it cannot be written. */
export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'none'; readonly reason: string };

/** What a file would become. */
export type Plan =
  | { readonly kind: 'change'; readonly text: string }
  /** It says everything already. */
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'refused'; readonly reason: string };

interface ClientBase {
  readonly id: ClientId;
  /** Its name, the same in every language. */
  readonly title: string;
  /** What is done, in a few words. */
  readonly describe: (t: Localize) => string;
}

/** Set up by a file of its own. */
export interface FileClient extends ClientBase {
  readonly kind: 'file';
  readonly target: (places: Places, t: Localize) => Target;
  /** True when the configuration is for one workspace. */
  readonly inWorkspace: boolean;
  /** Whether the API key stands in the file, which nobody else may then read. */
  readonly holdsKey: boolean;
  /** The text it needs, from the one it has; null when there is no file. */
  readonly edit: (text: string | null, facts: ClientFacts) => EditResult;
  /** What the user does next, as a sentence. */
  readonly next: (facts: ClientFacts, t: Localize) => string;
}

/** Set up by a text on the clipboard. */
export interface CopyClient extends ClientBase {
  readonly kind: 'copy';
  readonly copied: (facts: ClientFacts, platform: NodeJS.Platform) => string;
  readonly next: (facts: ClientFacts, t: Localize) => string;
}

/** Set up by hand, in its own settings. */
export interface GuideClient extends ClientBase {
  readonly kind: 'guide';
  /** The steps as Markdown; holds no key. */
  readonly guide: (facts: ClientFacts, t: Localize) => string;
}

export type Client = FileClient | CopyClient | GuideClient;

/** The base URL that clients of OpenAI's API take. */
export function openAiBase({ baseUrl }: ClientFacts): string {
  return `${baseUrl}/v1`;
}

/** The name under which clients list the gateway as a provider of models. */
export const PROVIDER_ID = 'lingma-gateway';
export const PROVIDER_NAME = 'Lingma Gateway';

/** The variable that holds the key for clients that keep none in their files. */
export const KEY_VARIABLE = 'LINGMA_GATEWAY_API_KEY';

const BYTE_ORDER_MARK = '\uFEFF';

/** What the client's file has to become; a byte order mark stays where it is. */
export function planFile(
  client: Pick<FileClient, 'edit'>,
  text: string | null,
  facts: ClientFacts,
  t: Localize,
): Plan {
  const mark = text?.startsWith(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK : '';
  const result = client.edit(text === null ? null : text.slice(mark.length), facts);
  if (!result.ok) return { kind: 'refused', reason: explainProblem(result.problem, t) };
  const wanted = mark + result.text;
  return wanted === text ? { kind: 'unchanged' } : { kind: 'change', text: wanted };
}
