/**
 * The upstream of everything that is measured, one process on one port: Chat Completions and
 * Messages over HTTP for the peers, Lingma's protocol over WebSocket for ours (protocol §2, §3,
 * §4a), each with as little work as the wire allows. Shares no code with the gateway.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type RawData, type WebSocket, WebSocketServer } from 'ws';
import { deltaText, type Plan, type UpstreamMessage, type UpstreamOrder } from './plan';

type Json = Readonly<Record<string, unknown>>;

const usage = { prompt_tokens: 10, completion_tokens: 10, total_tokens: 20 };
const anthropicUsage = { input_tokens: 10, output_tokens: 10 };
const bench = 'bench-model';

let plan: Plan = { deltas: 1, paceMs: 0 };
let counted = { turns: 0, promptBytes: 0, requestBytes: 0, lastPrompt: '', acknowledged: 0 };
let sessions = 0;

/** Calls `emit` for every delta as the plan says, then `end` with the whole text. */
function play(emit: (text: string) => void, end: (whole: string) => void): void {
  const now = plan;
  let index = 0;
  let whole = '';
  const step = (): void => {
    const text = deltaText(index++, now);
    whole += text;
    emit(text);
  };
  if (now.paceMs === 0) {
    while (index < now.deltas) step();
    end(whole);
    return;
  }
  step();
  const timer = setInterval(() => {
    step();
    if (index < now.deltas) return;
    clearInterval(timer);
    end(whole);
  }, now.paceMs);
}

function wholeAnswer(): string {
  let text = '';
  for (let index = 0; index < plan.deltas; index++) text += deltaText(index, plan);
  return text;
}

function sendJson(response: ServerResponse, body: object): void {
  const json = JSON.stringify(body);
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(json),
  });
  response.end(json);
}

const eventStream = { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' };

function chat(request: Json, response: ServerResponse): void {
  const head = { id: 'chatcmpl-1', created: 1_760_000_000, model: bench };
  if (request['stream'] !== true) {
    sendJson(response, {
      ...head,
      object: 'chat.completion',
      choices: [
        { index: 0, message: { role: 'assistant', content: wholeAnswer() }, finish_reason: 'stop' },
      ],
      usage,
    });
    return;
  }
  const chunk = (delta: object, finish: string | null = null): void => {
    const choices = [{ index: 0, delta, finish_reason: finish }];
    const json = JSON.stringify({ ...head, object: 'chat.completion.chunk', choices });
    response.write(`data: ${json}\n\n`);
  };
  response.writeHead(200, eventStream);
  chunk({ role: 'assistant', content: '' });
  play(
    (content) => {
      chunk({ content });
    },
    () => {
      chunk({}, 'stop');
      response.end('data: [DONE]\n\n');
    },
  );
}

function messages(request: Json, response: ServerResponse): void {
  const head = { id: 'msg_1', type: 'message', role: 'assistant', model: bench };
  if (request['stream'] !== true) {
    const content = [{ type: 'text', text: wholeAnswer() }];
    const stop = { stop_reason: 'end_turn', stop_sequence: null };
    sendJson(response, { ...head, content, ...stop, usage: anthropicUsage });
    return;
  }
  const event = (type: string, data: object): void => {
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  };
  response.writeHead(200, eventStream);
  event('message_start', { message: { ...head, content: [], usage: anthropicUsage } });
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
  play(
    (text) => {
      event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
    },
    () => {
      event('content_block_stop', { index: 0 });
      event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: anthropicUsage });
      event('message_stop', {});
      response.end();
    },
  );
}

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = chunks.length === 0 ? {} : (JSON.parse(Buffer.concat(chunks).toString()) as Json);
    const [pathname = ''] = (request.url ?? '').split('?');
    if (pathname.endsWith('/chat/completions')) chat(body, response);
    else if (pathname.endsWith('/messages')) messages(body, response);
    else response.writeHead(404).end();
  });
});

/** One connection of Lingma's protocol. The fake sends and expects whole frames, one a message. */
class LingmaConnection {
  readonly #socket: WebSocket;
  readonly #tcp: Socket;
  #lastId = 0;

  constructor(socket: WebSocket, tcp: Socket) {
    this.#socket = socket;
    this.#tcp = tcp;
    tcp.setNoDelay(true);
    socket.on('message', (data: RawData) => {
      this.#receive(Buffer.isBuffer(data) ? data : Buffer.concat([]));
    });
  }

  #receive(message: Buffer): void {
    const json = message.subarray(message.indexOf('\r\n\r\n') + 4).toString();
    const { id, method, params } = JSON.parse(json) as {
      readonly id?: unknown;
      readonly method?: string;
      readonly params?: Json;
    };
    if (method === undefined) {
      counted.acknowledged++;
      return;
    }
    // What is said in one go travels in one packet.
    this.#tcp.cork();
    if (method === 'chat/ask') this.#ask(id, params ?? {}, message.length);
    else if (method === 'session/new') {
      this.#send({ id, error: { code: -32601, message: 'unknown method' } });
    } else this.#send({ id, result: replyTo(method) });
    this.#tcp.uncork();
  }

  #ask(id: unknown, params: Json, bytes: number): void {
    const prompt = String(params['questionText']);
    counted.turns++;
    counted.promptBytes += Buffer.byteLength(prompt);
    counted.requestBytes += bytes;
    counted.lastPrompt = prompt;
    const { requestId } = params;
    // Of one length, whichever number it is.
    const sessionId =
      params['sessionId'] === ''
        ? `session-${String(++sessions).padStart(9, '0')}`
        : params['sessionId'];
    const extra = { sessionType: 'chat' };
    this.#send({ id, result: { isSuccess: true, requestId, status: 'ok' } });
    play(
      (text) => {
        const timestamp = Date.now();
        this.#event('chat/answer', {
          ...{ requestId, sessionId, text, overwrite: false, isFiltered: false, timestamp, extra },
        });
      },
      (fullAnswer) => {
        const end = { reason: 'finished', statusCode: 200, fullAnswer, extra };
        this.#event('chat/finish', { requestId, sessionId, ...end });
      },
    );
  }

  #event(method: string, params: object): void {
    this.#send({ id: ++this.#lastId, method, params });
  }

  #send(message: object): void {
    const json = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#socket.send(`Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`);
  }
}

function replyTo(method: string): object {
  switch (method) {
    case 'initialize':
      return { serverInfo: { name: 'bench', version: '1.0.0' } };
    case 'auth/status':
      return { status: 2, name: 'bench' };
    case 'config/queryModels':
      return { chat: [{ key: bench, displayName: 'Bench', isDefault: true }] };
    default:
      return {};
  }
}

new WebSocketServer({ server, perMessageDeflate: false }).on('connection', (socket, request) => {
  new LingmaConnection(socket, request.socket);
});

function tell(message: UpstreamMessage): void {
  process.send?.(message);
}

process.on('message', (order: UpstreamOrder) => {
  if (order.kind === 'plan') {
    ({ plan } = order);
    tell({ kind: 'planned' });
  } else {
    tell({ kind: 'report', report: counted });
    counted = { turns: 0, promptBytes: 0, requestBytes: 0, lastPrompt: '', acknowledged: 0 };
  }
});
process.on('disconnect', () => process.exit(0));

server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  tell({ kind: 'listening', port: typeof address === 'object' && address ? address.port : 0 });
});
