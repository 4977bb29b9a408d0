/** Two chats of the very same words, in which nothing differs but the pictures. */
import type {
  ChatCompletionContentPart,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import { dataUri, png } from '../../support/pictures';
import type { Chatter, Sender } from './chat';
import type { Random } from './random';
import { marked, scriptFor } from './tokens';

/** Colours of the pictures; two that differ in the last bit only are two pictures. */
const COLOURS = 0x1000000;
const SHOWS_AGAIN = 0.25;
const CHANGES_PICTURE = 0.15;

export class ImageChats implements Chatter {
  readonly #name: string;
  readonly #client: Sender;
  readonly #random: Random;
  readonly #chats: readonly Transcript[] = [new Transcript(0), new Transcript(1)];
  readonly #stream: boolean;
  /** Colours shown so far, of the first chat; those of the second differ in the last bit. */
  readonly #shown: number[] = [];

  constructor(name: string, client: Sender, random: Random) {
    this.#name = name;
    this.#client = client;
    this.#random = random;
    this.#stream = random.chance(0.5);
  }

  async round(number: number): Promise<void> {
    const earlier = this.#shown[this.#random.below(this.#shown.length)];
    const again = earlier !== undefined && this.#random.chance(SHOWS_AGAIN);
    const colour = again ? earlier : this.#newColour();
    const name = `${this.#name}.${number}`;
    const question: Question = {
      words: marked(name, 'naïve 你好 🙂'),
      // Told what to answer, so that the answers of both are the same as well.
      script: scriptFor(marked(`${name}.answer`, 'An answer\nin two lines')),
      pictureFirst: this.#random.chance(0.5),
    };
    await this.#ask(question, colour);
    if (!this.#random.chance(CHANGES_PICTURE)) return;
    for (const chat of this.#chats) chat.takeBack();
    await this.#ask(question, this.#newColour());
  }

  #newColour(): number {
    const colour = this.#random.below(COLOURS);
    this.#shown.push(colour);
    return colour;
  }

  /** One after the other: what they say does not tell them apart, so their order has to. */
  async #ask(question: Question, colour: number): Promise<void> {
    for (const chat of this.#random.shuffled(this.#chats)) {
      chat.ask(question, colour);
      const { content } = await this.#client.send({
        messages: [...chat.messages],
        model: 'org_auto',
        tools: [],
        stream: this.#stream,
      });
      chat.answer(typeof content === 'string' ? content : '');
    }
  }
}

interface Question {
  readonly words: string;
  /** What the demo is to answer. */
  readonly script: string;
  readonly pictureFirst: boolean;
}

class Transcript {
  readonly messages: ChatCompletionMessageParam[] = [];
  readonly #bit: number;

  /** @param bit What the last bit of the colours is turned over by. */
  constructor(bit: number) {
    this.#bit = bit;
  }

  ask({ words, script, pictureFirst }: Question, colour: number): void {
    const url = dataUri(png(colour ^ this.#bit));
    const picture: ChatCompletionContentPart = { type: 'image_url', image_url: { url } };
    const parts: ChatCompletionContentPart[] = [words, `\n\n${script}`].map((text) => ({
      type: 'text',
      text,
    }));
    parts.splice(pictureFirst ? 0 : 1, 0, picture);
    this.messages.push({ role: 'user', content: parts });
  }

  answer(text: string): void {
    this.messages.push({ role: 'assistant', content: text.trim().replaceAll('\n', '\r\n') });
  }

  /** Forgets the last question and its answer. */
  takeBack(): void {
    this.messages.splice(-2);
  }
}
