/**
 * The least that a gateway in Node can be: it reads JSON, asks Lingma and answers with JSON, and
 * checks, remembers and counts nothing. What it costs is the platform's share of what ours costs.
 * Its one argument is the port of the upstream; it writes `{"port": …}` once it listens.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import * as v from 'valibot';
import { LingmaLink } from './lingmaConnection';

const question = v.object({ messages: v.tuple([v.object({ content: v.string() })]) });

async function answer(
  link: LingmaLink,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { messages } = v.parse(question, JSON.parse(await bodyOf(request)));
  const content = await link.ask(messages[0].content);
  const choice = { index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' };
  const head = { id: 'chatcmpl-1', object: 'chat.completion', created: 1_760_000_000 };
  const body = JSON.stringify({ ...head, model: 'bare', choices: [choice] });
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      resolve(Buffer.concat(chunks).toString());
    });
  });
}

async function main(): Promise<void> {
  const link = await LingmaLink.open(Number(process.argv[2]));
  const server = createServer((request, response) => {
    answer(link, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`${JSON.stringify(server.address())}\n`);
  });
}

void main();
