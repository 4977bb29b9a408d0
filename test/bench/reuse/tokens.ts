/**
 * What a text says, for the judge: every message carries tokens nothing else has, so the tokens of
 * a text tell which messages it holds, whole and in which order. Answers have their own: scripted
 * ones as told by their prompt, the demo's own reply by the session and the turn it names.
 */
import { sha256 } from '../../support/pictures';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';

const TOKEN = /<<([\w.-]+)>>|Turn (\d+) of session ([0-9a-f]{8})/g;
const PICTURE = /data:image\/png;base64,([\w+/=]+)/g;
const SCRIPT = /^DEMO:echo-json (".*")$/m;

/** A text in the middle of two tokens, so that one that was cut off lacks the second. */
export function marked(name: string, text: string): string {
  return `<<${name}>> ${text} <<${name}.end>>`;
}

export function readTokens(text: string): string[] {
  return [...text.matchAll(TOKEN)].map(
    ([, own, turn = '', session = '']) => own ?? replyToken(session, Number(turn)),
  );
}

/** The tokens of a conversation; a message's text goes before its calls. */
export function tokensOf(messages: readonly ChatCompletionMessageParam[]): string[] {
  return messages.flatMap((message) => readTokens(withPictureTokens(JSON.stringify(message))));
}

/** A message with each picture replaced by the token that tells its bytes. */
function withPictureTokens(json: string): string {
  return json.replace(PICTURE, (_, data: string) =>
    pictureMark(sha256(Buffer.from(data, 'base64'))),
  );
}

/** Stands for a picture in a text; the bytes of two pictures never have the same SHA-256. */
export function pictureMark(digest: string): string {
  return `<<image.${digest.slice(0, 16)}>>`;
}

/** The one token of the demo's own reply; its turns count from 1. */
export function replyToken(sessionId: string, turn: number): string {
  return `${sessionId.slice(0, 8)}.${turn}`;
}

/** The line that makes the demo answer exactly `text`; it holds none of its tokens itself. */
export function scriptFor(text: string): string {
  return `DEMO:echo-json ${JSON.stringify(text).replaceAll('<<', String.raw`\u003c\u003c`)}`;
}

/** The answer a prompt asks for with its last script; undefined when it has none. */
export function scriptedAnswer(prompt: string): string | undefined {
  const [, json] = SCRIPT.exec(prompt.slice(prompt.lastIndexOf('DEMO:echo-json'))) ?? [];
  return json === undefined ? undefined : String(JSON.parse(json));
}

export function sameTokens(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((token, index) => token === right[index]);
}
