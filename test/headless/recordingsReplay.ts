/** Recorded requests of real clients, and how to send them again. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type IncomingHttpHeaders, request as httpRequest } from 'node:http';
import path from 'node:path';
import { writeCall } from '../../src/conversation/toolBlocks';
import { conversationOf, type Json, type Spoken } from './recordingsReading';

export const RECORDINGS = path.resolve('test/fixtures/clients');

/** One request as its client sent it; prose and keys are replaced. */
export interface RecordedRequest {
  /** Its place in the recording, from 1. */
  readonly n: number;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Json;
  /** `METHOD path`, without the query. */
  readonly route: string;
  /** What it says; empty where nothing is to be answered. */
  readonly conversation: readonly Spoken[];
}

interface RecordingFile {
  /** Tool lists stand here once, not in every body. */
  readonly toolSets: readonly (readonly object[])[];
  readonly requests: readonly (Omit<RecordedRequest, 'route' | 'conversation'> & {
    readonly tools?: number;
  })[];
}

const TURN_ROUTES = ['POST /v1/chat/completions', 'POST /v1/messages', 'POST /v1/responses'];

/** The requests of one recording, in order. */
export function readRecording(name: string): RecordedRequest[] {
  const file = JSON.parse(readFileSync(path.join(RECORDINGS, name), 'utf8')) as RecordingFile;
  return file.requests.map(({ tools, body, ...recorded }) => {
    const [pathname = ''] = recorded.url.split('?');
    const route = `${recorded.method} ${pathname}`;
    if (!body) return { ...recorded, route, conversation: [] };
    const asked = inAnyForm(body);
    const whole = tools === undefined ? asked : { ...asked, tools: opened(file.toolSets[tools]) };
    return {
      ...recorded,
      body: whole,
      route,
      conversation: TURN_ROUTES.includes(route) ? conversationOf(pathname, whole) : [],
    };
  });
}

/** Without the JSON schema of an answer: the mock that was recorded answered in prose regardless. */
function inAnyForm(body: Json): Json {
  return JSON.parse(
    JSON.stringify(body, (key, value: unknown) =>
      key === 'format' && (value as Json | null)?.['type'] === 'json_schema' ? undefined : value,
    ),
  ) as Json;
}

/**
 * Tools whose schemas let parameters pass that they do not name: the mock that was recorded wrote
 * one of its own into its calls, to see what clients do with it.
 */
function opened(tools: unknown): unknown {
  return JSON.parse(
    JSON.stringify(tools, (key, value: unknown) =>
      key === 'additionalProperties' && value === false ? undefined : value,
    ),
  );
}

/**
 * The answer to `earlier` that `later` repeats, as a model writes it: the text, then a block for
 * each call.
 */
export function echoedAnswer(earlier: RecordedRequest, later: RecordedRequest): string {
  const isAnswer = ({ role }: Spoken): boolean => role === 'assistant';
  const place = earlier.conversation.filter(isAnswer).length;
  const echo = later.conversation.filter(isAnswer)[place];
  assert.ok(echo, `#${later.n} repeats no answer to #${earlier.n}`);
  const said = echo.pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
  const calls = echo.pieces.flatMap((piece) =>
    piece.type === 'call' ? [writeCall(piece.name, piece.argumentsJson)] : [],
  );
  return [...(said ? [said] : []), ...calls].join('\n');
}

export interface Received {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends a recorded request with its own headers; only the key and the host are ours. */
export function resend(
  { method, url, headers, body }: RecordedRequest,
  { baseUrl, apiKey }: { readonly baseUrl: string; readonly apiKey: string },
): Promise<Received> {
  const own = Object.entries(headers).map(([name, value]) => [name, value.replace('KEY', apiKey)]);
  const text = body === undefined ? '' : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const sent = httpRequest(baseUrl + url, {
      method,
      headers: {
        ...(Object.fromEntries(own) as Record<string, string>),
        ...(text ? { 'content-length': Buffer.byteLength(text) } : {}),
      },
    });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode = 0, headers: received } = response;
        resolve({ status: statusCode, headers: received, text: Buffer.concat(chunks).toString() });
      });
    });
    sent.end(text);
  });
}
