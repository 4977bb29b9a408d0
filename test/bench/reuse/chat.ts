/** A client's conversation, with the habits that make session reuse hard. */
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import type { Client } from './client';
import type { Random } from './random';
import { marked, scriptFor } from './tokens';

/** Runs turns for a chat. */
export type Sender = Pick<Client, 'send'>;

/** A conversation that a workload takes further, round by round. */
export interface Chatter {
  round(number: number): Promise<void>;
}

/** What a client does; numbers are probabilities per round. */
export interface Habits {
  /** Sends answers back trimmed and with other line ends. */
  readonly touchesAnswers: boolean;
  /** Answers come with white space around them. */
  readonly untrimmedAnswers: boolean;
  /** Begins with the same words as every other chat. */
  readonly sameOpening: boolean;
  /** Asks for the last answer again. */
  readonly regenerates: number;
  /** Changes an earlier message and goes on from there. */
  readonly edits: number;
  /** Sends a second request from the same prefix at once. */
  readonly forks: number;
  /** Goes on with another model. */
  readonly switchesModel: number;
  /** Writes a summary in place of the history every so many rounds; 0 = never. */
  readonly compactsEvery: number;
}

const MODELS = ['org_auto', 'dashscope_qwen3_coder', 'dashscope_qwen_plus_20250428_thinking'];
const OPENING = marked('opening', 'Hello, please have a look at my project.');
/** The demo repeats the last paragraph, so this one has no token. */
const UNSCRIPTED = 'Go on.';
/** Long enough for two requests to be under way at once. */
const FORK_DELAY = '\nDEMO:delay 10';

export class Chat implements Chatter {
  readonly #name: string;
  readonly #client: Sender;
  readonly #random: Random;
  readonly #habits: Habits;
  readonly #stream: boolean;
  #messages: ChatCompletionMessageParam[] = [];
  #model = MODELS[0] ?? '';
  #said = 0;

  constructor(name: string, client: Sender, random: Random, habits: Habits) {
    this.#name = name;
    this.#client = client;
    this.#random = random;
    this.#habits = habits;
    this.#stream = random.chance(0.5);
    if (!habits.sameOpening && random.chance(0.5)) {
      this.#messages.push({ role: 'system', content: marked(`${name}.system`, 'Be brief.') });
    }
  }

  async round(number: number): Promise<void> {
    const { compactsEvery, switchesModel, regenerates, edits } = this.#habits;
    if (compactsEvery > 0 && number > 0 && number % compactsEvery === 0) this.#compact();
    if (this.#random.chance(switchesModel)) {
      this.#model = MODELS[this.#random.below(MODELS.length)] ?? '';
    }
    await this.#say();
    if (this.#random.chance(regenerates)) {
      this.#messages.pop();
      await this.#answer();
    }
    if (this.#random.chance(edits)) await this.#edit();
  }

  async #say(): Promise<void> {
    const prefix = [...this.#messages];
    const forks = this.#random.chance(this.#habits.forks);
    const ending = forks ? FORK_DELAY : '';
    const opens = this.#habits.sameOpening && prefix.length === 0;
    this.#messages.push(
      opens
        ? { role: 'user', content: `${OPENING}\n\n${UNSCRIPTED}${ending}` }
        : this.#user(ending),
    );
    if (!forks) return this.#answer();
    const aside = (): Promise<unknown> => this.#send([...prefix, this.#user(ending)]);
    const main = (): Promise<unknown> => this.#answer();
    const both = this.#random.chance(0.5) ? [main, aside] : [aside, main];
    await Promise.all(both.map((send) => send()));
  }

  async #edit(): Promise<void> {
    const earlier = this.#messages.flatMap(({ role }, index) => (role === 'user' ? index : []));
    const chosen = earlier[this.#random.below(earlier.length - 1)];
    if (chosen === undefined || earlier.length < 2) return;
    this.#messages = [...this.#messages.slice(0, chosen), this.#user()];
    await this.#answer();
  }

  /** As coding agents do it: instructions stay, the history becomes one message. */
  #compact(): void {
    const kept = this.#messages.filter(({ role }) => role === 'system');
    const latest = this.#random.chance(0.5) ? this.#messages.slice(-2) : [];
    this.#messages = [...kept, this.#user('', 'A summary of what was said'), ...latest];
  }

  async #answer(): Promise<void> {
    const answer = await this.#send([...this.#messages]);
    const { content } = answer;
    const touched =
      this.#habits.touchesAnswers && typeof content === 'string'
        ? content.trim().replaceAll('\n', '\r\n')
        : content;
    this.#messages.push({ ...answer, content: touched ?? null });
  }

  #send(messages: ChatCompletionMessageParam[]): Promise<ChatCompletionAssistantMessageParam> {
    return this.#client.send({ messages, model: this.#model, tools: [], stream: this.#stream });
  }

  #user(ending = '', text = 'naïve 你好 🙂,\nin two lines'): ChatCompletionMessageParam {
    const name = `${this.#name}.${this.#said++}`;
    const script = this.#habits.untrimmedAnswers
      ? scriptFor(`\n  ${marked(`${name}.answer`, 'An answer\nin two lines')} \n\n`)
      : UNSCRIPTED;
    return { role: 'user', content: `${marked(name, text)}\n\n${script}${ending}` };
  }
}
