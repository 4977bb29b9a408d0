/** Ollama's dialect: its answers, and its streams of JSON lines. */
import type { GatewayError } from '../base/errors';
import { parseJson, writeJson } from '../base/exactJson';
import type { FinishReason, ToolCallEvent, TurnEvent, Usage } from '../conversation/events';
import { CollectedAnswer } from './collectedAnswer';
import type { Dialect, PlainEncoder, StreamEncoder } from './dialect';
import { ollamaError, ollamaErrors } from './ollamaErrors';
import {
  modelToLoad,
  type OllamaRequest,
  parseOllamaChat,
  parseOllamaGenerate,
} from './ollamaRequest';

/** What a line or an answer says. */
interface Said {
  readonly text: string;
  readonly thinking?: string;
  readonly calls?: readonly ToolCallEvent[];
}

/** How one endpoint writes it down. */
type Form = (said: Said) => object;

const asMessage: Form = ({ text, thinking, calls }) => ({
  message: {
    role: 'assistant',
    content: text,
    ...(thinking ? { thinking } : {}),
    ...(calls ? { tool_calls: calls.map(callBody) } : {}),
  },
});

const asResponse: Form = ({ text, thinking }) => ({
  response: text,
  ...(thinking ? { thinking } : {}),
});

/** A dialect that can answer a request without a turn. */
export interface OllamaDialect extends Dialect {
  answerAtOnce(body: unknown, nowSeconds: number): object | undefined;
}

/** `POST /api/chat`. */
export const ollamaChat: OllamaDialect = dialect('/api/chat', parseOllamaChat, asMessage);

/** `POST /api/generate`. */
export const ollamaGenerate: OllamaDialect = dialect(
  '/api/generate',
  parseOllamaGenerate,
  asResponse,
);

function dialect(
  path: string,
  read: (...request: Parameters<Dialect['parse']>) => OllamaRequest,
  form: Form,
): OllamaDialect {
  return {
    path,
    errors: ollamaErrors,
    parse(body, headers) {
      const { turn, stream } = read(body, headers);
      const begin = (nowSeconds: number): Lines => new Lines(form, turn.model, nowSeconds);
      return {
        turn,
        stream,
        plain: (nowSeconds) => new OllamaAnswer(begin(nowSeconds)),
        streamed: (nowSeconds) => new OllamaStream(begin(nowSeconds)),
      };
    },
    // There is nothing to load or to unload: the model is there.
    answerAtOnce(body, nowSeconds) {
      const model = modelToLoad(body);
      if (model === undefined) return undefined;
      return new Lines(form, model, nowSeconds).line({ text: '' }, { done_reason: 'load' });
    },
  };
}

/** Writes lines of one answer, and measures it. */
class Lines {
  readonly #form: Form;
  readonly #createdAt: string;
  readonly #startedAtMs = performance.now();
  #model: string;
  #firstAtMs: number | undefined;

  constructor(form: Form, model: string, nowSeconds: number) {
    this.#form = form;
    this.#model = model;
    this.#createdAt = new Date(nowSeconds * 1000).toISOString();
  }

  start(model: string): void {
    this.#model = model;
  }

  /** The model has begun to answer. */
  begin(): void {
    this.#firstAtMs ??= performance.now();
  }

  /** @param end What the last line says besides. */
  line(said: Said, end?: object): object {
    return {
      model: this.#model,
      created_at: this.#createdAt,
      ...this.#form(said),
      done: end !== undefined,
      ...end,
    };
  }

  /** Counts and times; durations are in nanoseconds, and never 0, since clients divide by them. */
  end(reason: FinishReason, usage: Usage): object {
    const nowMs = performance.now();
    const firstAtMs = this.#firstAtMs ?? nowMs;
    return {
      done_reason: reason === 'length' ? 'length' : 'stop',
      total_duration: nanoseconds(nowMs - this.#startedAtMs),
      load_duration: 0,
      prompt_eval_count: usage.inputTokens,
      prompt_eval_duration: nanoseconds(firstAtMs - this.#startedAtMs),
      eval_count: usage.outputTokens,
      eval_duration: nanoseconds(nowMs - firstAtMs),
    };
  }
}

class OllamaAnswer implements PlainEncoder {
  readonly #lines: Lines;
  readonly #answer = new CollectedAnswer();
  #end: object = {};

  constructor(lines: Lines) {
    this.#lines = lines;
  }

  add(event: TurnEvent): void {
    this.#answer.add(event);
    if (event.type === 'start') {
      this.#lines.start(event.model);
      return;
    }
    this.#lines.begin();
    // Now, because it tells how long the answer took.
    if (event.type === 'end') this.#end = this.#lines.end(event.finishReason, event.usage);
  }

  body(): object {
    const { text, reasoning: thinking, calls } = this.#answer;
    return this.#lines.line({ text, thinking, ...(calls.length > 0 ? { calls } : {}) }, this.#end);
  }
}

class OllamaStream implements StreamEncoder {
  readonly contentType = 'application/x-ndjson';
  /** A line that says nothing: there are no comments between JSON lines. */
  readonly keepAlive: string;
  readonly #lines: Lines;

  constructor(lines: Lines) {
    this.#lines = lines;
    this.keepAlive = write(lines.line({ text: '' }));
  }

  encode(event: TurnEvent): string {
    if (event.type !== 'start') this.#lines.begin();
    switch (event.type) {
      case 'start':
        this.#lines.start(event.model);
        return '';
      case 'text':
        return write(this.#lines.line({ text: event.delta }));
      case 'reasoning':
        return write(this.#lines.line({ text: '', thinking: event.delta }));
      case 'toolCall':
        return write(this.#lines.line({ text: '', calls: [event] }));
      case 'end':
        return write(
          this.#lines.line({ text: '' }, this.#lines.end(event.finishReason, event.usage)),
        );
    }
  }

  fail(error: GatewayError): string {
    return write(ollamaError(error));
  }
}

function callBody({ id, index, name, argumentsJson }: ToolCallEvent): object {
  return { id, function: { index, name, arguments: parseJson(argumentsJson) } };
}

function nanoseconds(ms: number): number {
  return Math.max(1, Math.round(ms * 1e6));
}

function write(line: object): string {
  return `${writeJson(line)}\n`;
}
