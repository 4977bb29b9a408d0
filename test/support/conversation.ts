/** A chat as an OpenAI client keeps it: everything is sent again with every turn. */
import type OpenAI from 'openai';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';

export interface TurnResult {
  readonly text: string;
  /** The `x-lingma-session` response header. */
  readonly session: string;
}

export class Conversation {
  readonly messages: ChatCompletionMessageParam[] = [];
  readonly #client: OpenAI;
  readonly #streaming: boolean;

  constructor(client: OpenAI, { streaming = false, system = '' } = {}) {
    this.#client = client;
    this.#streaming = streaming;
    if (system) this.messages.push({ role: 'system', content: system });
  }

  /** Says something and keeps the answer. */
  async say(content: string): Promise<TurnResult> {
    this.messages.push({ role: 'user', content });
    const result = await (this.#streaming ? this.#streamed() : this.#plain());
    this.messages.push({ role: 'assistant', content: result.text });
    return result;
  }

  async #plain(): Promise<TurnResult> {
    const { data, response } = await this.#client.chat.completions
      .create({ model: 'gpt-4o', messages: this.messages })
      .withResponse();
    return { text: data.choices[0]?.message.content ?? '', session: sessionOf(response) };
  }

  async #streamed(): Promise<TurnResult> {
    const { data, response } = await this.#client.chat.completions
      .create({ model: 'gpt-4o', messages: this.messages, stream: true })
      .withResponse();
    let text = '';
    for await (const chunk of data) text += chunk.choices[0]?.delta.content ?? '';
    return { text, session: sessionOf(response) };
  }
}

function sessionOf(response: Response): string {
  return response.headers.get('x-lingma-session') ?? '';
}
