/**
 * Whole answers, byte for byte: one file for each dialect and each kind of answer in
 * `test/fixtures/golden`. `UPDATE_GOLDEN=1` writes them anew; read the difference before you commit.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import type { TurnEvent } from '../../../src/conversation/events';
import { anthropicMessages } from '../../../src/wire/anthropicMessages';
import type { Dialect, DialectRequest } from '../../../src/wire/dialect';
import { ollamaChat, ollamaGenerate } from '../../../src/wire/ollama';
import { openAiChat } from '../../../src/wire/openaiChat';
import { openAiResponses } from '../../../src/wire/openaiResponses';

const FOLDER = path.resolve('test/fixtures/golden');
const NOW_SECONDS = 1_700_000_000;

interface Sort {
  readonly dialect: Dialect;
  /** The least a request needs. */
  readonly body: Readonly<Record<string, unknown>>;
  /** Added for answers with calls; the tool's name is `look`. Undefined where there are none. */
  readonly tools?: Readonly<Record<string, unknown>>;
  /** What each piece of a stream looks like, its end included. */
  readonly piece: RegExp;
  /** What only the ordinary end of an answer says. */
  readonly ending: RegExp;
  readonly signOfLife: RegExp;
}

const sse = {
  piece: /(?:event: [a-z_.]+\n)?data: [^\n]+\n\n/,
  ending: /"finish_reason":"|response\.(completed|incomplete)|message_(delta|stop)/,
  signOfLife: /^(: keep-alive|event: ping\ndata: \{"type":"ping"\})\n\n$/,
};
const jsonLines = {
  piece: /\{[^\n]+\}\n/,
  ending: /"done":true/,
  signOfLife: /^\{[^\n]*"(content|response)":""[^\n]*"done":false\}\n$/,
};

const parameters = { type: 'object', properties: { at: { type: 'string' } } };
const dialects: Readonly<Record<string, Sort>> = {
  chat: {
    ...sse,
    dialect: openAiChat,
    body: {
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream_options: { include_usage: true },
    },
    tools: { tools: [{ type: 'function', function: { name: 'look', parameters } }] },
  },
  responses: {
    ...sse,
    dialect: openAiResponses,
    body: { model: 'm', input: 'Hi', store: false },
    tools: {
      tools: [
        { type: 'function', name: 'look', parameters },
        { type: 'custom', name: 'patch' },
      ],
    },
  },
  messages: {
    ...sse,
    dialect: anthropicMessages,
    body: { model: 'm', max_tokens: 100, messages: [{ role: 'user', content: 'Hi' }] },
    tools: { tools: [{ name: 'look', input_schema: parameters }] },
  },
  ollama: {
    ...jsonLines,
    dialect: ollamaChat,
    body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
    tools: { tools: [{ type: 'function', function: { name: 'look', parameters } }] },
  },
  'ollama-generate': {
    ...jsonLines,
    dialect: ollamaGenerate,
    body: { model: 'm', prompt: 'Hi' },
  },
};

const input = { inputTokens: 120, cachedTokens: 100 };
const usage = { ...input, outputTokens: 9, reasoningTokens: 2, estimated: true };
const start: TurnEvent = {
  type: 'start',
  placement: {
    reason: 'continued',
    instanceId: 'lingma-1',
    sentMessages: 1,
    totalMessages: 3,
    sentBytes: 20,
    totalBytes: 60,
  },
  model: 'org_auto',
  usage: input,
};
const say = (delta: string): TurnEvent => ({ type: 'text', delta });
const think = (delta: string): TurnEvent => ({ type: 'reasoning', delta });
const call = (index: number, name: string, args: object): TurnEvent => ({
  type: 'toolCall',
  index,
  id: `call_${index + 1}`,
  name,
  argumentsJson: JSON.stringify(args),
});
const failure = new GatewayError({
  code: 'instance_lost',
  status: 502,
  message: 'The Lingma process that held this conversation is gone.',
});

interface Scenario {
  readonly events: readonly TurnEvent[];
  /** How the turn fails after its events. */
  readonly error?: GatewayError;
  readonly tools?: boolean;
}

const scenarios: Readonly<Record<string, Scenario>> = {
  text: {
    events: [
      start,
      say('Hello, '),
      say('“world” 你好 😀\n'),
      { type: 'end', finishReason: 'stop', usage },
    ],
  },
  reasoning: {
    events: [
      start,
      think('Hm'),
      think('.'),
      say('Yes'),
      think('Or?'),
      say('.'),
      { type: 'end', finishReason: 'stop', usage },
    ],
  },
  tools: {
    tools: true,
    events: [
      start,
      say('Let me look.'),
      call(0, 'look', { at: 'a "quoted" path' }),
      call(1, 'look', {}),
      { type: 'end', finishReason: 'toolCalls', usage },
    ],
  },
  'tools-alone': {
    tools: true,
    events: [
      start,
      call(0, 'look', { at: 'x' }),
      { type: 'end', finishReason: 'toolCalls', usage },
    ],
  },
  length: {
    events: [start, say('Hello, wor'), { type: 'end', finishReason: 'length', usage }],
  },
  'length-in-reasoning': {
    events: [start, think('Let me'), { type: 'end', finishReason: 'length', usage }],
  },
  'stop-sequence': {
    events: [
      start,
      say('Hello'),
      { type: 'end', finishReason: 'stopSequence', stopSequence: 'END', usage },
    ],
  },
  'error-in-text': { events: [start, say('Hel')], error: failure },
  'error-in-reasoning': { events: [start, think('Hm')], error: failure },
  'error-after-call': {
    tools: true,
    events: [start, call(0, 'look', { at: 'x' })],
    error: failure,
  },
  'error-at-once': { events: [], error: failure },
};

/** Made-up ids as `resp_1`, `msg_2`, … in the order in which they appear. */
function withNumberedIds(text: string): string {
  const known = new Map<string, string>();
  return text.replaceAll(
    /\b(chatcmpl|resp|msg|rs|fc|ctc)([_-])[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}/g,
    (id, kind: string, mark: string) => {
      const number = known.get(id) ?? `${kind}${mark}${known.size + 1}`;
      known.set(id, number);
      return number;
    },
  );
}

/** Durations are measured, and as long as they are. */
function withRoundTimes(text: string): string {
  return text.replaceAll(/("\w+_duration": ?)[1-9]\d*/g, '$11000');
}

function requestOf({ dialect, body, tools }: Sort, scenario: Scenario): DialectRequest {
  return dialect.parse({ ...body, stream: true, ...(scenario.tools && tools) }, {});
}

function streamed(sort: Sort, scenario: Scenario): string {
  const encoder = requestOf(sort, scenario).streamed(NOW_SECONDS);
  const written = scenario.events.map((event) => encoder.encode(event)).join('');
  return written + (scenario.error ? encoder.fail(scenario.error) : '');
}

function plain(sort: Sort, scenario: Scenario): string {
  if (scenario.error) {
    return `${JSON.stringify(sort.dialect.errors.body(scenario.error, 'req_1'), null, 2)}\n`;
  }
  const encoder = requestOf(sort, scenario).plain(NOW_SECONDS);
  for (const event of scenario.events) encoder.add(event);
  return `${JSON.stringify(encoder.body(), null, 2)}\n`;
}

/** The same text every time. */
function steady(text: string): string {
  return withRoundTimes(withNumberedIds(text));
}

function assertGolden(name: string, text: string): void {
  const file = path.join(FOLDER, name);
  if (process.env['UPDATE_GOLDEN']) writeFileSync(file, text);
  assert.ok(existsSync(file), `${name} is missing; UPDATE_GOLDEN=1 writes it`);
  assert.equal(text, readFileSync(file, 'utf8'));
}

describe('wire/golden', () => {
  const names: string[] = [];
  for (const [dialect, sort] of Object.entries(dialects)) {
    describe(dialect, () => {
      const served = Object.entries(scenarios).filter(([, { tools }]) => !tools || sort.tools);
      for (const [kind, scenario] of served) {
        const name = `${dialect}-${kind}`;
        names.push(`${name}.txt`, `${name}.json.txt`);
        it(`${kind}, streamed`, () => {
          assertGolden(`${name}.txt`, steady(streamed(sort, scenario)));
        });
        it(`${kind}, plain`, () => {
          assertGolden(`${name}.json.txt`, steady(plain(sort, scenario)));
        });
      }

      it('every event is one whole piece, and a failed stream has no ordinary end', () => {
        const pieces = new RegExp(`^(?:${sort.piece.source})+$`);
        for (const [kind, scenario] of served) {
          const text = streamed(sort, scenario);
          assert.match(text, pieces, kind);
          assert.equal(sort.ending.test(text), scenario.error === undefined, kind);
        }
      });

      it('a sign of life is no event of the answer', () => {
        const { keepAlive } = requestOf(sort, { events: [] }).streamed(NOW_SECONDS);
        assert.match(keepAlive, sort.signOfLife);
      });
    });
  }

  it('no transcript is left over', () => {
    assert.deepEqual(
      readdirSync(FOLDER).sort(),
      names.sort((left, right) => (left < right ? -1 : 1)),
    );
  });
});
