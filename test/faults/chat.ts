/** A conversation whose every message is marked, so that nothing can be lost or mixed unseen. */
import assert from 'node:assert/strict';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import type { ErrorCode } from '../../src/base/errors';
import { writeCall } from '../../src/conversation/toolBlocks';
import { marked, readTokens, scriptFor, tokensOf } from '../bench/reuse/tokens';
import { ask, type DialectName, type Outcome } from './client';
import type { Witness } from './witness';

/** What a turn may end with, besides its answer, when a process or a connection is lost under it. */
export const LOSSES: readonly ErrorCode[] = [
  'instance_lost',
  'no_instance',
  'queue_timeout',
  'upstream_timeout',
];

/** Anthropic's types of the failures that are nobody's fault but ours or the process's. */
const ANTHROPIC_TYPES: readonly string[] = ['api_error', 'overloaded_error', 'rate_limit_error'];

export interface Talk {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly witness: Witness;
}

export interface ChatOptions {
  readonly dialect?: DialectName;
  readonly stream?: boolean;
  /** Whether answers are calls of a tool, and the next turns their results. */
  readonly tools?: boolean;
  /** Further headers of its requests. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly onHeaders?: (headers: Headers) => void;
  /** Whether an answer may break off without an error, because a gateway behind a balancer dies. */
  readonly mayBreak?: boolean;
}

export interface TurnOptions {
  /** Further `DEMO:` lines of the prompt. */
  readonly script?: readonly string[];
  /** Words of the answer besides its marks. */
  readonly words?: number;
  readonly signal?: AbortSignal;
  readonly onFirstBytes?: () => void;
}

export class Chat {
  readonly name: string;
  readonly #talk: Talk;
  readonly #dialect: DialectName;
  readonly #stream: boolean;
  readonly #tools: boolean;
  readonly #wire: Pick<ChatOptions, 'headers' | 'onHeaders'>;
  readonly #mayBreak: boolean;
  readonly #messages: ChatCompletionMessageParam[];
  /** The call that waits for its result. */
  #openCall: string | undefined;
  #said = 0;

  /** @param name Part of every mark; no two chats may share one. */
  constructor(
    talk: Talk,
    name: string,
    { dialect = 'chat', stream = true, tools = false, mayBreak = false, ...wire }: ChatOptions = {},
  ) {
    this.name = name;
    this.#talk = talk;
    this.#dialect = dialect;
    this.#stream = stream;
    this.#tools = tools;
    this.#mayBreak = mayBreak;
    this.#wire = wire;
    this.#messages = [{ role: 'system', content: marked(`${name}.system`, 'Be brief.') }];
  }

  get length(): number {
    return this.#messages.length;
  }

  /**
   * Says something and keeps the answer, if there is one; without one the conversation stays as it
   * was, and the next turn goes on from there.
   */
  async turn(options: TurnOptions = {}): Promise<Outcome> {
    const question = this.#question(options);
    const outcome = await this.#send([...this.#messages, question], options);
    if (outcome.kind === 'answer') this.#keep(question, outcome);
    return outcome;
  }

  /** The turn must be answered. */
  async say(options: TurnOptions = {}): Promise<void> {
    const outcome = await this.turn(options);
    assert.equal(outcome.kind, 'answer', `${this.name}: ${JSON.stringify(outcome)}`);
  }

  /** Asks for the last answer once more. */
  async again(options: Pick<TurnOptions, 'signal'> = {}): Promise<Outcome> {
    const answered = this.#messages.at(-2);
    if (!answered || answered.role === 'system') return this.turn(options);
    const outcome = await this.#send(this.#messages.slice(0, -1), options);
    if (outcome.kind === 'answer') {
      this.#messages.splice(-2);
      this.#keep(answered, outcome);
    }
    return outcome;
  }

  /** Says something from here that the conversation does not go on with. */
  aside(options: TurnOptions = {}): Promise<Outcome> {
    return this.#send([...this.#messages, this.#question(options)], options);
  }

  #question({ script = [], words = 2 }: TurnOptions): ChatCompletionMessageParam {
    const name = `${this.name}.${this.#said++}`;
    const answer = marked(`${name}.answer`, Array<string>(words).fill('naïve 你好').join(' '));
    const call = writeCall('run', `{"value": "<<${name}.call>>"}`);
    const wanted = this.#tools ? `${answer}\n${call}` : answer;
    const said = [marked(name, 'in two\nlines 🙂'), '', scriptFor(wanted), ...script].join('\n');
    return this.#openCall === undefined
      ? { role: 'user', content: said }
      : { role: 'tool', tool_call_id: this.#openCall, content: said };
  }

  async #send(
    messages: readonly ChatCompletionMessageParam[],
    { signal, onFirstBytes }: TurnOptions,
  ): Promise<Outcome> {
    const { witness } = this.#talk;
    const last = messages.at(-1)?.content;
    const wanted = wantedAnswer(typeof last === 'string' ? last : '');
    const [mark = ''] = readTokens(wanted.text);
    witness.expect(mark, tokensOf(messages));
    const outcome = await ask(this.#talk, {
      dialect: this.#dialect,
      stream: this.#stream,
      tools: this.#tools,
      messages,
      signal,
      onFirstBytes,
      ...this.#wire,
    });
    if (outcome.kind === 'broken' && !this.#mayBreak) assert.fail(`${this.name}: ${outcome.how}`);
    if (outcome.kind === 'answer') {
      witness.claim(mark);
      assert.equal(outcome.text.trim(), wanted.text, `${this.name}: a foreign or torn answer`);
      assert.deepEqual(
        outcome.calls.map(({ name, argumentsJson }) => [
          name,
          JSON.parse(argumentsJson) as unknown,
        ]),
        wanted.calls,
      );
    }
    return outcome;
  }

  #keep(
    question: ChatCompletionMessageParam,
    { text, calls }: Extract<Outcome, { kind: 'answer' }>,
  ): void {
    this.#messages.push(question, {
      role: 'assistant',
      content: text.trim(),
      ...(calls.length === 0
        ? {}
        : {
            tool_calls: calls.map(({ id, name, argumentsJson }) => ({
              id,
              type: 'function' as const,
              function: { name, arguments: argumentsJson },
            })),
          }),
    });
    this.#openCall = calls[0]?.id;
  }
}

/** Begins a turn of each chat; resolves once every client has seen something of its answer. */
export async function begin(
  chats: readonly Chat[],
  options: TurnOptions,
): Promise<Promise<Outcome>[]> {
  const turns: Promise<Outcome>[] = [];
  await Promise.all(
    chats.map(
      (chat) =>
        new Promise<void>((resolve, reject) => {
          const turn = chat.turn({ ...options, onFirstBytes: resolve });
          turns.push(turn);
          // One of which nothing was seen is for the caller to judge.
          turn.then(() => {
            resolve();
          }, reject);
        }),
    ),
  );
  return turns;
}

/** Fails unless the outcome is an answer, or a typed error with one of these codes. */
export function assertTyped(outcome: Outcome, codes: readonly ErrorCode[]): void {
  if (outcome.kind !== 'error') {
    assert.equal(outcome.kind, 'answer');
    return;
  }
  const known: readonly string[] = [...codes, ...ANTHROPIC_TYPES];
  assert.ok(known.includes(outcome.code), `an error of the wrong kind: ${outcome.code}`);
}

/** The answer a prompt's script stands for, as its client is to see it. */
function wantedAnswer(prompt: string): { text: string; calls: readonly unknown[] } {
  const json = /^DEMO:echo-json (".*")$/m.exec(prompt)?.[1] ?? '""';
  const [text = '', block] = String(JSON.parse(json)).split('\n```json action\n');
  if (block === undefined) return { text, calls: [] };
  const { tool, parameters } = JSON.parse(block.replace(/\n```$/, '')) as Record<string, unknown>;
  return { text, calls: [[tool, parameters]] };
}
