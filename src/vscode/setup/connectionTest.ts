/**
 * Real turns over HTTP, as clients make them: one in each dialect, and a second message in the first
 * conversation, which has to continue its session.
 */
import { type IncomingMessage, request } from 'node:http';
import { createParser } from 'eventsource-parser';
import { isRecord } from '../../base/json';

export const testSteps = ['chat', 'continuation', 'responses', 'messages'] as const;

export type TestStep = (typeof testSteps)[number];

/** One turn that was answered. */
export interface TestTurn {
  readonly step: TestStep;
  /** Milliseconds to the first words. */
  readonly ttftMs: number;
  readonly totalMs: number;
  /** How the turn related to the sessions, in the gateway's words (`continued`); null if not told. */
  readonly reuse: string | null;
  readonly answer: string;
}

export type TestFailure =
  /** Nothing could be reached at the address. */
  | { readonly kind: 'unreachable'; readonly message: string }
  /** The gateway said no, or its answer ended with an error. */
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  /** The answer is not what the dialect says it has to be. */
  | { readonly kind: 'malformed'; readonly message: string }
  | { readonly kind: 'cancelled' };

export interface TestReport {
  readonly model: string;
  readonly turns: readonly TestTurn[];
  /** The step that failed; the ones after it were not tried. */
  readonly failure?: TestFailure & { readonly step: TestStep };
}

export interface TestTarget {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
}

const QUESTION = 'This tests a connection. Answer with one short sentence.';
const SECOND_QUESTION = 'Thank you. Answer with one more short sentence.';

/** A message as all three dialects have it. */
interface TestMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** A dialect, as far as a plain turn needs it. */
interface Dialect {
  readonly path: string;
  readonly body: (model: string, messages: readonly TestMessage[]) => object;
  /** The words that an event brings. */
  readonly words: (event: Record<string, unknown>) => unknown;
  /** Whether this event is the answer's last. */
  readonly ends: (data: string, event: Record<string, unknown>) => boolean;
}

const chat: Dialect = {
  path: '/v1/chat/completions',
  body: (model, messages) => ({ model, stream: true, messages }),
  words: ({ choices }) => {
    const [choice] = Array.isArray(choices) ? (choices as unknown[]) : [];
    const delta = isRecord(choice) ? choice['delta'] : undefined;
    return isRecord(delta) ? delta['content'] : undefined;
  },
  ends: (data) => data === '[DONE]',
};

const dialects: Readonly<Record<TestStep, Dialect>> = {
  chat,
  continuation: chat,
  responses: {
    path: '/v1/responses',
    body: (model, messages) => ({ model, stream: true, store: false, input: messages }),
    words: ({ type, delta }) => (type === 'response.output_text.delta' ? delta : undefined),
    ends: (_, { type }) => type === 'response.completed',
  },
  messages: {
    path: '/v1/messages',
    body: (model, messages) => ({ model, stream: true, max_tokens: 1024, messages }),
    words: ({ type, delta }) =>
      type === 'content_block_delta' && isRecord(delta) ? delta['text'] : undefined,
    ends: (_, { type }) => type === 'message_stop',
  },
};

/** Ends a step; made here only, and caught by `testConnection`. */
class StepFailure extends Error {
  readonly failure: TestFailure;

  constructor(failure: TestFailure) {
    super(failure.kind);
    this.failure = failure;
  }
}

/** Runs the steps one after the other until one fails; never rejects. `onStep` says which begins. */
export async function testConnection(
  target: TestTarget,
  signal: AbortSignal,
  onStep: (step: TestStep) => void = () => undefined,
): Promise<TestReport> {
  const turns: TestTurn[] = [];
  for (const step of testSteps) {
    onStep(step);
    const [first] = turns;
    const question: TestMessage = { role: 'user', content: QUESTION };
    const messages: TestMessage[] =
      step === 'continuation' && first
        ? [
            question,
            { role: 'assistant', content: first.answer },
            { role: 'user', content: SECOND_QUESTION },
          ]
        : [question];
    try {
      turns.push(await runTurn(step, target, messages, signal));
    } catch (error) {
      return { model: target.model, turns, failure: { step, ...failureOf(error, signal) } };
    }
  }
  return { model: target.model, turns };
}

function failureOf(error: unknown, signal: AbortSignal): TestFailure {
  if (signal.aborted) return { kind: 'cancelled' };
  if (error instanceof StepFailure) return error.failure;
  return { kind: 'unreachable', message: error instanceof Error ? error.message : String(error) };
}

async function runTurn(
  step: TestStep,
  { baseUrl, apiKey, model }: TestTarget,
  messages: readonly TestMessage[],
  signal: AbortSignal,
): Promise<TestTurn> {
  const dialect = dialects[step];
  const began = performance.now();
  const response = await post(
    baseUrl + dialect.path,
    apiKey,
    JSON.stringify(dialect.body(model, messages)),
    signal,
  );
  if (response.statusCode !== 200) throw await refusal(response);

  const seen = { answer: '', firstMs: 0, ended: false };
  const parser = createParser({
    onEvent: ({ data }) => {
      const event = parseEvent(data);
      const error = errorOf(event);
      if (error) throw new StepFailure(error);
      const words = dialect.words(event);
      if (typeof words === 'string' && words !== '') {
        if (seen.answer === '') seen.firstMs = performance.now();
        seen.answer += words;
      }
      seen.ended ||= dialect.ends(data, event);
    },
  });
  response.setEncoding('utf8');
  for await (const chunk of response) parser.feed(String(chunk));
  const { answer, firstMs, ended } = seen;
  if (!ended) throw malformed('The answer broke off before its end.');
  if (answer === '') throw malformed('The answer has no text.');
  const reuse = /^[a-z]+/.exec(String(response.headers['x-lingma-session'] ?? ''))?.[0] ?? null;
  return { step, ttftMs: firstMs - began, totalMs: performance.now() - began, reuse, answer };
}

function post(
  url: string,
  apiKey: string,
  body: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method: 'POST',
        // A connection of its own, as a client's first one is.
        agent: false,
        signal,
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      },
      resolve,
    );
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function refusal(response: IncomingMessage): Promise<StepFailure> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const status = String(response.statusCode);
  const error = errorOf(parseEvent(text));
  return new StepFailure(error ?? { kind: 'refused', code: status, message: `HTTP ${status}` });
}

/** The error an event or a body carries, whichever dialect it is in. */
function errorOf(event: Record<string, unknown>): TestFailure | undefined {
  const { response } = event;
  const error = event['error'] ?? (isRecord(response) ? response['error'] : undefined);
  if (!isRecord(error)) return undefined;
  const { code, type, message } = error;
  return {
    kind: 'refused',
    code: typeof code === 'string' ? code : typeof type === 'string' ? type : 'unknown',
    message: typeof message === 'string' ? message : 'The gateway gave no reason.',
  };
}

function parseEvent(data: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(data);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}

function malformed(message: string): StepFailure {
  return new StepFailure({ kind: 'malformed', message });
}
