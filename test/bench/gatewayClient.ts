/** Turns run through the gateway, over keep-alive connections, as an OpenAI client would. */
import { type Dispatcher, Pool } from 'undici';
import * as v from 'valibot';
import { checkAnswer, promptFor, type Script, type TurnTimes } from './turn';

export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

export interface ConversationTurn {
  /** Whether the gateway found the conversation's session. */
  readonly continued: boolean;
  readonly answer: string;
}

const modelList = v.object({ data: v.array(v.object({ id: v.string() })) });
const delta = v.looseObject({ content: v.optional(v.string()) });
const chunk = v.object({ choices: v.tuple([v.object({ delta })]) });
const completion = v.object({
  choices: v.tuple([v.object({ message: v.object({ content: v.string() }) })]),
});

/** Text in a chunk: the first chunk has a role and no text. */
const firstText = /"content":"[^"]/;

export class GatewayClient {
  readonly #pool: Pool;
  readonly #headers: Readonly<Record<string, string>>;
  #model = '';

  private constructor(baseUrl: string, apiKey: string, connections: number) {
    this.#pool = new Pool(baseUrl, { connections, pipelining: 1 });
    this.#headers = { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' };
  }

  /** A client with at most so many connections. It asks for the first model of the list. */
  static async connect(
    { baseUrl, apiKey }: { readonly baseUrl: string; readonly apiKey: string },
    connections: number,
  ): Promise<GatewayClient> {
    const client = new GatewayClient(baseUrl, apiKey, connections);
    const options = { method: 'GET', path: '/v1/models', headers: client.#headers } as const;
    const { body } = await client.#pool.request(options);
    client.#model = v.parse(modelList, await body.json()).data[0]?.id ?? '';
    return client;
  }

  get model(): string {
    return this.#model;
  }

  /** A conversation of one message, answered in one piece. */
  async freshTurn(script: Script): Promise<TurnTimes> {
    const messages: ChatMessage[] = [{ role: 'user', content: promptFor(script) }];
    const beganMs = performance.now();
    const { body } = await this.#post(messages, false);
    const answer = answerOf(await body.text());
    const totalMs = performance.now() - beganMs;
    checkAnswer(script, answer);
    return { firstMs: totalMs, totalMs };
  }

  /** A conversation of one message, answered as a stream. */
  async freshStream(script: Script): Promise<TurnTimes> {
    const messages: ChatMessage[] = [{ role: 'user', content: promptFor(script) }];
    const beganMs = performance.now();
    let firstMs: number | undefined;
    let received = '';
    const { body } = await this.#post(messages, true);
    for await (const bytes of body.setEncoding('utf8')) {
      received += String(bytes);
      if (firstMs === undefined && firstText.test(received)) firstMs = performance.now() - beganMs;
    }
    const totalMs = performance.now() - beganMs;
    checkAnswer(script, streamedAnswer(received));
    return { firstMs: firstMs ?? totalMs, totalMs };
  }

  /** The next turn of a conversation, which travels as a whole. */
  async nextTurn(messages: readonly ChatMessage[]): Promise<ConversationTurn> {
    const { headers, body } = await this.#post(messages, false);
    const placement = String(headers['x-lingma-session'] ?? '');
    return { continued: placement.startsWith('continued'), answer: answerOf(await body.text()) };
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #post(messages: readonly ChatMessage[], stream: boolean): Promise<Dispatcher.ResponseData> {
    const response = await this.#pool.request({
      method: 'POST',
      path: '/v1/chat/completions',
      headers: this.#headers,
      body: JSON.stringify({ model: this.#model, messages, stream }),
    });
    if (response.statusCode === 200) return response;
    throw new Error(`the gateway answered ${response.statusCode}: ${await response.body.text()}`);
  }
}

function answerOf(body: string): string {
  return v.parse(completion, JSON.parse(body)).choices[0].message.content;
}

function streamedAnswer(stream: string): string {
  const chunks = stream.match(/^data: \{.*$/gm) ?? [];
  return chunks
    .map((line) => v.parse(chunk, JSON.parse(line.slice('data: '.length))))
    .map(({ choices }) => choices[0].delta.content ?? '')
    .join('');
}
