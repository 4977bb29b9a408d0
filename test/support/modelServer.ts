/** An OpenAI-compatible endpoint that shows exactly what a model would be given. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** One message as it reached the model, its content as text. */
export interface SeenMessage {
  readonly role: string;
  readonly text: string;
}

/** What the model answers to a request that ends with `said`. */
export type Reply =
  | { readonly text: string }
  | { readonly call: { readonly name: string; readonly arguments: object } };

interface Body {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content?: unknown }[];
}

export class ModelServer {
  /** The messages of every request so far, in order. */
  readonly seen: SeenMessage[][] = [];
  readonly #server: Server;

  private constructor(answer: (last: SeenMessage) => Reply) {
    this.#server = createServer((request, response) => {
      void this.#respond(request, response, answer);
    });
  }

  static async start(answer: (last: SeenMessage) => Reply): Promise<ModelServer> {
    const server = new ModelServer(answer);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #respond(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (last: SeenMessage) => Reply,
  ): Promise<void> {
    const { model, messages } = JSON.parse(await text(request)) as Body;
    const seen = messages.map(({ role, content }) => ({ role, text: textOf(content) }));
    this.seen.push(seen);
    const reply = answer(seen.at(-1) ?? { role: '', text: '' });
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const send = (choices: object[], more: object = {}): void => {
      const chunk = {
        id: 'c',
        object: 'chat.completion.chunk',
        created: 1,
        model,
        choices,
        ...more,
      };
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    };
    const delta = (fields: object, finish_reason: string | null = null): void => {
      send([{ index: 0, delta: fields, finish_reason }]);
    };
    if ('text' in reply) {
      for (const piece of reply.text.match(/.{1,7}/gsu) ?? []) delta({ content: piece });
      delta({}, 'stop');
    } else {
      const { name, arguments: args } = reply.call;
      const called = { name, arguments: JSON.stringify(args) };
      delta({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: called }] });
      delta({}, 'tool_calls');
    }
    send([], { usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } });
    response.end('data: [DONE]\n\n');
  }
}

/** The text of a message's content, whether it is a string or a list of parts. */
export function textOf(content: unknown): string {
  if (typeof content === 'string') return content;
  const parts = Array.isArray(content) ? (content as { text?: unknown }[]) : [];
  return parts.map((part) => (typeof part.text === 'string' ? part.text : '')).join('');
}
