/** What is said in a scripted turn; `reply` is the ordinary demo answer. */
export type Body =
  | { readonly kind: 'reply' }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'deltas'; readonly deltas: readonly string[] }
  | { readonly kind: 'words'; readonly count: number };

/** How the text of an answer is wrapped: a list of blocks, or one block. */
export type ContentShape = 'array' | 'object';

/** How a scripted turn ends; `after` counts answer deltas. */
export type Ending =
  | { readonly kind: 'finish' }
  | {
      readonly kind: 'status';
      readonly after: number;
      readonly code: number;
      readonly reason: string;
    }
  | { readonly kind: 'exit'; readonly after: number; readonly code: number }
  | { readonly kind: 'exit-before'; readonly code: number }
  | { readonly kind: 'hang'; readonly after: number | 'silence' }
  | { readonly kind: 'close'; readonly after: number };

/** A tool the demo asks the client to run (protocol §6 `tool/invoke`). */
export interface ToolCall {
  readonly name: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The outcome comes as a `tool/invokeResult` of the client, not in the reply. */
  readonly async: boolean;
}

/** The directives of one prompt, merged. */
export interface Script {
  readonly body: Body;
  readonly ending: Ending;
  readonly delayMs?: number;
  readonly gapMs?: number;
  readonly think?: string;
  /** Thoughts in the middle of the answer; `after` counts answer deltas. */
  readonly lateThink?: { readonly after: number; readonly text: string };
  /** Sent as it is in the middle of the answer, frame or not; `after` counts answer deltas. */
  readonly raw?: { readonly after: number; readonly text: string };
  /** Replaces what was streamed, with `overwrite:true`. */
  readonly overwrite?: string;
  /** Only the first half is streamed; the whole text stands in `fullAnswer`. */
  readonly halfStreamed?: boolean;
  /** Stands in `fullAnswer`, whatever was streamed. */
  readonly fullAnswer?: string;
  /** Answers carry `content` of this shape instead of `text` (protocol §8.1, case 24). */
  readonly content?: ContentShape;
  /** Stands in for `statusCode` of a good finish; `undefined` inside leaves the field out. */
  readonly finishCode?: { readonly value: unknown };
  /** Stands in for `reason` of a good finish. */
  readonly finishReason?: string;
  readonly tool?: ToolCall;
}

/** A prompt without directives. */
export const unscripted: Script = { body: { kind: 'reply' }, ending: { kind: 'finish' } };

/** A directive that cannot be read; the turn fails with its message. */
export class DirectiveError extends Error {
  override readonly name = 'DirectiveError';
}

interface Directive {
  readonly help: string;
  readonly apply: (script: Script, argument: string) => Script;
}

function whole(argument: string, most: number): number {
  const value = /^\d{1,9}$/.test(argument) ? Number(argument) : NaN;
  if (value <= most) return value;
  throw new DirectiveError(`expected a whole number up to ${most}, got "${argument}"`);
}

function json(argument: string): unknown {
  try {
    return JSON.parse(argument) as unknown;
  } catch {
    throw new DirectiveError(`expected JSON, got "${argument}"`);
  }
}

function jsonText(argument: string): string {
  const value = json(argument);
  if (typeof value === 'string') return value;
  throw new DirectiveError(`expected a JSON string, got "${argument}"`);
}

function say(script: Script, text: string): Script {
  const before = script.body.kind === 'text' ? `${script.body.text}\n` : '';
  return { ...script, body: { kind: 'text', text: before + text } };
}

function texts(argument: string): string[] {
  const value = json(argument);
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new DirectiveError(`expected a JSON list of strings, got "${argument}"`);
}

function firstWord(argument: string): readonly [string, string] {
  const space = argument.indexOf(' ');
  if (space < 0) return [argument, ''];
  return [argument.slice(0, space), argument.slice(space + 1).trim()];
}

function toolCall(argument: string, async: boolean): ToolCall {
  const [name, rest] = firstWord(argument);
  const parameters = rest === '' ? {} : json(rest);
  if (name === '' || typeof parameters !== 'object' || parameters === null) {
    throw new DirectiveError('expected a tool name and a JSON object');
  }
  return { name, parameters: { ...parameters }, async };
}

const longest = 3_600_000;
const manyDeltas = 1_000_000;
const manyCharacters = 100_000_000;

const directives: Readonly<Record<string, Directive>> = {
  echo: {
    help: 'TEXT  answer exactly TEXT, to the end of the line; several lines are joined',
    apply: say,
  },
  'echo-json': {
    help: '"TEXT"  answer exactly the text of this JSON string; joins with echo',
    apply: (script, argument) => say(script, jsonText(argument)),
  },
  fence: {
    help: 'TEXT  put TEXT into the answer as a thinking fence; joins with echo',
    apply: (script, argument) => say(script, `\`\`\`\`think::1\n${argument}\n\`\`\`\``),
  },
  card: {
    help: 'NAME  put a tool card into the answer; joins with echo',
    apply: (script, argument) =>
      say(script, `\`\`\`toolCall::${argument}::call-1::FINISHED\n\`\`\``),
  },
  deltas: {
    help: '["TEXT", …]  answer in exactly these deltas',
    apply: (script, argument) => ({
      ...script,
      body: { kind: 'deltas', deltas: texts(argument) },
    }),
  },
  words: {
    help: 'N  answer "word1 word2 …" up to N, one delta each',
    apply: (script, argument) => ({
      ...script,
      body: { kind: 'words', count: whole(argument, manyDeltas) },
    }),
  },
  size: {
    help: 'N  answer N characters',
    apply: (script, argument) => say(script, 'x'.repeat(whole(argument, manyCharacters))),
  },
  empty: {
    help: ' finish with 200 and no text',
    apply: (script) => ({ ...script, body: { kind: 'text', text: '' } }),
  },
  delay: {
    help: 'MS  wait before the first delta',
    apply: (script, argument) => ({ ...script, delayMs: whole(argument, longest) }),
  },
  gap: {
    help: 'MS  pause between deltas',
    apply: (script, argument) => ({ ...script, gapMs: whole(argument, longest) }),
  },
  think: {
    help: 'TEXT  send TEXT as chat/think first',
    apply: (script, argument) => ({ ...script, think: argument }),
  },
  'think-after': {
    help: 'N TEXT  send TEXT as chat/think after N deltas',
    apply: (script, argument) => {
      const [after, text] = firstWord(argument);
      return { ...script, lateThink: { after: whole(after, manyDeltas), text } };
    },
  },
  'raw-after': {
    help: 'N "TEXT"  send this JSON string as it is, frame or not, after N deltas',
    apply: (script, argument) => {
      const [after, text] = firstWord(argument);
      return { ...script, raw: { after: whole(after, manyDeltas), text: jsonText(text) } };
    },
  },
  overwrite: {
    help: 'TEXT  stream a draft (the echo text when there is one), then TEXT with overwrite:true',
    apply: (script, argument) => ({ ...script, overwrite: argument }),
  },
  'full-tail': {
    help: 'TEXT  stream the first half of TEXT, the whole of it only in fullAnswer',
    apply: (script, argument) => ({
      ...script,
      body: { kind: 'text', text: argument },
      halfStreamed: true,
    }),
  },
  'full-answer': {
    help: '"TEXT"  use this JSON string as fullAnswer, whatever was streamed',
    apply: (script, argument) => ({ ...script, fullAnswer: jsonText(argument) }),
  },
  content: {
    help: 'array|object  wrap the text of answers in blocks',
    apply: (script, argument) => {
      if (argument === 'array' || argument === 'object') return { ...script, content: argument };
      throw new DirectiveError(`expected array or object, got "${argument}"`);
    },
  },
  'finish-reason': {
    help: 'TEXT  use TEXT as reason of chat/finish',
    apply: (script, argument) => ({ ...script, finishReason: argument }),
  },
  'finish-code': {
    help: 'JSON|missing  use this value as statusCode of chat/finish',
    apply: (script, argument) => ({
      ...script,
      finishCode: { value: argument === 'missing' ? undefined : json(argument) },
    }),
  },
  tool: {
    help: 'NAME {JSON}  send tool/invoke and wait for the reply before answering',
    apply: (script, argument) => ({ ...script, tool: toolCall(argument, false) }),
  },
  'tool-async': {
    help: 'NAME {JSON}  send tool/invoke with async:true and wait for tool/invokeResult instead',
    apply: (script, argument) => ({ ...script, tool: toolCall(argument, true) }),
  },
  status: {
    help: 'CODE [REASON]  finish with CODE instead of an answer',
    apply: (script, argument) => {
      const [code, reason] = firstWord(argument);
      return { ...script, ending: status(0, whole(code, 999_999), reason) };
    },
  },
  'status-after': {
    help: 'N CODE [REASON]  finish with CODE after N deltas',
    apply: (script, argument) => {
      const [after, rest] = firstWord(argument);
      const [code, reason] = firstWord(rest);
      return { ...script, ending: status(whole(after, manyDeltas), whole(code, 999_999), reason) };
    },
  },
  exit: {
    help: 'CODE  end the process after the first delta (once the client acknowledged it)',
    apply: (script, argument) => ({
      ...script,
      ending: { kind: 'exit', after: 1, code: whole(argument, 255) },
    }),
  },
  'exit-before': {
    help: '[CODE]  end the process before anything is sent; code 1 when not given',
    apply: (script, argument) => ({
      ...script,
      ending: { kind: 'exit-before', code: argument === '' ? 1 : whole(argument, 255) },
    }),
  },
  hang: {
    help: ' send nothing after the reply to chat/ask (chat/stop still works)',
    apply: (script) => ({ ...script, ending: { kind: 'hang', after: 'silence' } }),
  },
  'hang-after': {
    help: 'N  fall silent after N deltas',
    apply: (script, argument) => ({
      ...script,
      ending: { kind: 'hang', after: whole(argument, manyDeltas) },
    }),
  },
  'close-after': {
    help: 'N  close the WebSocket after N deltas',
    apply: (script, argument) => ({
      ...script,
      ending: { kind: 'close', after: whole(argument, manyDeltas) },
    }),
  },
};

function status(after: number, code: number, reason: string): Ending {
  return { kind: 'status', after, code, reason: reason === '' ? `demo status ${code}` : reason };
}

/** The directive section of `--help`. */
export const directiveHelp = Object.entries(directives)
  .map(([name, { help }]) => `  DEMO:${name} ${help.trimStart()}`)
  .join('\n');

const directiveLine = /^DEMO:([a-z-]+)(?: (.*))?$/;
/** A transcript may put a speaker in front: `User: DEMO:…`, `[user] DEMO:…`, `<user>DEMO:…`. */
const speaker = /^(?:<[^<>]{1,60}>|\[[^\]]{1,60}\]|\p{L}[\p{L} _-]{0,20}[:：])\s*(?=DEMO:)/u;
/** Lines that may follow the last message: rulers, fences, closing tags, an open speaker label. */
const trailer = /^(?:[^\p{L}\p{N}]*|\s*<\/[^<>]{1,60}>\s*|\s*\p{L}[\p{L} _-]{0,20}[:：]\s*)$/u;
const mostTrailers = 8;

/**
 * The block of directive lines that ends a prompt, first line first. Only the last block counts: a
 * transcript that repeats earlier scripted turns must not play them again.
 */
function lastBlock(prompt: string): string[] {
  const block: string[] = [];
  if (!prompt.includes('DEMO:')) return block;
  let end = prompt.length;
  let trailers = 0;
  while (end >= 0) {
    const start = prompt.lastIndexOf('\n', end - 1) + 1;
    const line = prompt.slice(start, end).replace(/\r$/, '');
    const bare = line.replace(speaker, '');
    if (bare.startsWith('DEMO:')) {
      block.unshift(bare);
      if (bare !== line) break;
    } else if (block.length > 0 || !trailer.test(line) || ++trailers > mostTrailers) {
      break;
    }
    if (start === 0) break;
    end = start - 1;
  }
  return block;
}

/**
 * Reads the directives at the end of a prompt. Throws {@link DirectiveError} for one that is
 * unknown or malformed.
 */
export function readScript(prompt: string): Script {
  return lastBlock(prompt).reduce((script, line) => {
    const [, name = '', argument = ''] = directiveLine.exec(line) ?? [];
    const directive = Object.hasOwn(directives, name) ? directives[name] : undefined;
    if (directive === undefined) throw new DirectiveError(`unknown directive: ${line}`);
    try {
      return directive.apply(script, argument);
    } catch (error) {
      if (error instanceof DirectiveError) {
        throw new DirectiveError(`DEMO:${name}: ${error.message}`);
      }
      throw error;
    }
  }, unscripted);
}
