/**
 * The conversation of a chat thread, as the model is told it. VS Code gives the history back as it
 * is shown, which is not what was sent: attachments are missing, markdown comes in other pieces. So
 * each answer carries what was sent and said in the metadata of its result, which VS Code keeps with
 * the thread, and the next turn is built from that. It is then the conversation that a session holds.
 */
import { isRecord } from '../../base/json';
import { imagePart } from '../../conversation/images';
import type { ContentPart, ImagePart, Message } from '../../conversation/messages';

/** `vscode.ChatRequestTurn` and `vscode.ChatResponseTurn`, as far as they are read. */
export type HistoryTurn =
  | { readonly prompt: string; readonly command?: string | undefined }
  | {
      readonly response: readonly unknown[];
      readonly result: { readonly metadata?: Readonly<Record<string, unknown>> | undefined };
      readonly command?: string | undefined;
    };

/** One exchange as it was sent; kept as JSON with the thread. */
export interface Exchange {
  /** The whole text of the user's message, attachments included. */
  readonly user: string;
  /** Pictures of that message, by the names under which `PictureShelf` has them. */
  readonly pictures: readonly string[];
  /** What the model said, without its reasoning. */
  readonly answer: string;
}

/** Where pictures of earlier turns are found again: they are too large for a thread's metadata. */
export interface Pictures {
  /** The `data:` URI of the picture; undefined when it is no longer kept. */
  get(name: string): string | undefined;
}

/** The commands of the participant; without one, the request is a question. */
export const participantCommands = ['model', 'status', 'new'] as const;

export type ParticipantCommand = (typeof participantCommands)[number];

/** The key of ours in a result's metadata. */
const KEY = 'lingmaExchange';
/** What stands for a picture that is no longer kept. */
const LOST_PICTURE = '[A picture was here that is no longer available.]';

/** The metadata that lets the next turn know this exchange. */
export function exchangeMetadata(exchange: Exchange): Readonly<Record<string, unknown>> {
  return { [KEY]: exchange };
}

/** The exchange that a result's metadata holds; undefined when it holds none that can be read. */
export function readExchange(
  metadata: Readonly<Record<string, unknown>> | undefined,
): Exchange | undefined {
  const value = metadata?.[KEY];
  if (!isRecord(value)) return undefined;
  const { user, pictures, answer } = value;
  if (typeof user !== 'string' || typeof answer !== 'string' || !Array.isArray(pictures)) {
    return undefined;
  }
  return { user, answer, pictures: pictures.filter((name) => typeof name === 'string') };
}

/**
 * The exchanges since the conversation began: with the thread, or with the last `/new`. What was
 * asked and answered by the other commands is between the user and the extension. An answer without
 * metadata, which VS Code gave up before it ended, is taken as it is shown; a question without an
 * answer is left out, since the user sees that it failed and asks again.
 */
export function exchangesOf(history: readonly HistoryTurn[]): Exchange[] {
  let exchanges: Exchange[] = [];
  let prompt = '';
  for (const turn of history) {
    if ('prompt' in turn) {
      prompt = turn.prompt;
      continue;
    }
    if (turn.command === 'new') exchanges = [];
    if (turn.command === 'status' || turn.command === 'model') continue;
    const { metadata } = turn.result;
    const exchange = metadata ? readExchange(metadata) : shownExchange(prompt, turn.response);
    if (exchange) exchanges.push(exchange);
    prompt = '';
  }
  return exchanges;
}

/** The whole conversation, the newest message last. */
export function toMessages(
  exchanges: readonly Exchange[],
  pictures: Pictures,
  newest: { readonly user: string; readonly images: readonly ImagePart[] },
): Message[] {
  const said = exchanges.flatMap(({ user, answer, pictures: names }) => [
    {
      role: 'user' as const,
      parts: [...names.map((name) => kept(pictures.get(name))), text(user)],
    },
    { role: 'assistant' as const, parts: [text(answer)] },
  ]);
  const all = [...said, { role: 'user' as const, parts: [...newest.images, text(newest.user)] }];
  return all.map((message, index) => ({ ...message, path: `messages[${index}]` }));
}

function kept(url: string | undefined): ContentPart {
  return url === undefined ? text(LOST_PICTURE) : imagePart(url, 'history');
}

function shownExchange(prompt: string, response: readonly unknown[]): Exchange | undefined {
  const answer = response.map(markdownOf).join('');
  if (!prompt.trim() || !answer.trim()) return undefined;
  return { user: prompt, pictures: [], answer };
}

/** The text of a `ChatResponseMarkdownPart`; other parts are for the eye. */
function markdownOf(part: unknown): string {
  if (!isRecord(part) || !isRecord(part['value'])) return '';
  const { value } = part['value'];
  return typeof value === 'string' ? value : '';
}

function text(value: string): ContentPart {
  return { type: 'text', text: value };
}
