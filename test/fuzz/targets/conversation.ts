/** What makes a conversation of a request, and its identity of that. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { isDeeperThan, MAX_JSON_DEPTH } from '../../../src/base/depth';
import { GatewayError } from '../../../src/base/errors';
import { parseJson, rewriteJson, writeJson } from '../../../src/base/exactJson';
import { canonicalArguments } from '../../../src/conversation/canonicalArguments';
import type { Message, Role } from '../../../src/conversation/messages';
import { assertRenderable } from '../../../src/conversation/render';
import { withoutNoise } from '../../../src/conversation/volatile';
import { matchPath, pathOf, queryOf } from '../../../src/http/paths';
import { Chain } from '../../../src/session/chain';
import { anthropicMessages } from '../../../src/wire/anthropicMessages';
import { conversationHint } from '../../../src/wire/conversationHint';
import type { Dialect } from '../../../src/wire/dialect';
import { ollamaChat, ollamaGenerate } from '../../../src/wire/ollama';
import { openAiChat } from '../../../src/wire/openaiChat';
import { openAiResponses } from '../../../src/wire/openaiResponses';
import { headsOf } from '../../support/canonical';
import { estimates } from '../../support/tokens';
import { codeOf } from '../codeOf';
import type { Repeat, Target } from '../target';

const RECORDINGS = 'test/fixtures/clients';
/** Larger ones of the recorded bodies say nothing more. */
const MOST_BYTES = 4_000;
const MOST_RECORDED = 40;

interface Recording {
  readonly requests: readonly { readonly url: string; readonly body: unknown }[];
}

/** Bodies that real clients have sent to a path. */
function recorded(pathname: string): string[] {
  return readdirSync(RECORDINGS)
    .map((file) => JSON.parse(readFileSync(`${RECORDINGS}/${file}`, 'utf8')) as Recording)
    .flatMap(({ requests }) => requests.filter(({ url, body }) => body && url.startsWith(pathname)))
    .map(({ body }) => JSON.stringify(body))
    .filter((body) => body.length < MOST_BYTES)
    .slice(0, MOST_RECORDED);
}

const counter = estimates();
const LONG_NUMBERS = 10_000;

/** One dialect, from the text of a body to the identity of its conversation. */
function bodies(
  name: string,
  dialect: Dialect,
  seeds: readonly string[],
  words: readonly string[],
  repeats: readonly Repeat[],
): Target {
  /** As `http/body` and `gateway/turn` do it. */
  const identity = (json: string): string => {
    let value: unknown;
    try {
      value = parseJson(json, LONG_NUMBERS);
    } catch (error) {
      assert.ok(error instanceof SyntaxError || error instanceof RangeError, String(error));
      return 'no JSON';
    }
    if (isDeeperThan(MAX_JSON_DEPTH, value)) return 'too deep';
    try {
      const { turn } = dialect.parse(value, {});
      const messages = withoutNoise(turn.messages);
      assertRenderable(messages);
      counter.messages(messages);
      return new Chain(JSON.stringify(turn.tools), messages).headAfter(ANSWER);
    } catch (error) {
      if (!(error instanceof GatewayError)) throw error;
      assert.equal(error.status, 400, error.code);
      assert.ok(error.message.length < 1_000, 'a long message');
      return `${error.code} ${error.param ?? ''}`;
    }
  };
  return {
    name,
    kind: 'json',
    isWhole: true,
    seeds,
    repeats,
    words: [
      ...[
        '"role":"user"',
        '"role":"assistant"',
        '"role":"tool"',
        '"role":"system"',
        '"content":',
        '[]',
      ],
      ...[
        '"type":"text"',
        '"text":"x"',
        '{',
        '}',
        '[',
        ']',
        ',',
        '"',
        'null',
        '\\ud83d',
        '"stream":true',
      ],
      ...['"model":"m"', '"messages":', '12345678901234567890', '1e400', ...words],
    ],
    read: (pieces) => identity(pieces.join('')),
    judge(input, result) {
      if (result === 'no JSON' || result === 'too deep') return;
      // Nothing but white space and the spelling of texts differs.
      assert.equal(identity(writeJson(parseJson(input))), result, 'spelled differently');
    },
  };
}

const ANSWER: Message = { role: 'assistant', parts: [{ type: 'text', text: 'A' }], path: '' };

const chatSeed = JSON.stringify({
  model: 'm',
  stop: ['END'],
  response_format: { type: 'json_object' },
  tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
  messages: [
    { role: 'system', content: 'S' },
    {
      role: 'user',
      content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } }],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        {
          id: 'c',
          type: 'function',
          function: { name: 'f', arguments: '{"id":12345678901234567890}' },
        },
      ],
    },
    { role: 'tool', tool_call_id: 'c', content: 'T' },
  ],
});
const ollamaSeed = JSON.stringify({
  model: 'm',
  options: { stop: ['END'], num_predict: 5 },
  messages: [
    { role: 'user', content: 'U', images: ['iVBORw0KGgo='] },
    {
      role: 'assistant',
      content: '',
      tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }],
    },
    { role: 'tool', tool_name: 'f', content: 'T' },
  ],
});

/** `body` with a list of `entry` over and over in place of its `…`. */
function listOf(body: string, entry: string): Repeat {
  const [head = '', tail = ''] = body.split('…');
  return { head: `${head}[`, unit: `${entry},`, tail: `${entry}]${tail}` };
}

const user = '{"role":"user","content":"U"}';
const text = '{"type":"text","text":"x"}';
/** In place of a schema: long in several ways. */
const schemas: readonly string[] = ['"x"', '12345678901234567890', '1e999', '9999999.999999999'];

/** Bodies of which one list, or one value, is as long or as deep as can be. */
function growing(bodiesOf: Readonly<Record<string, readonly string[]>>, schema: string): Repeat[] {
  const [head = '', tail = ''] = schema.split('…');
  return [
    ...Object.entries(bodiesOf).flatMap(([body, entries]) =>
      entries.map((entry) => listOf(body, entry)),
    ),
    ...schemas.map((entry) => listOf(`${head}{"enum":…}${tail}`, entry)),
    { head: `${head}{"x":`, unit: '[{"x":', middle: '1', close: '}]', tail: `}${tail}` },
  ];
}

const dialects: readonly Target[] = [
  bodies(
    'bodies: chat',
    openAiChat,
    [chatSeed, ...recorded('/v1/chat/completions')],
    [...['"tool_calls":', '"tool_call_id":"c"', '"image_url":{"url":"x"}', '"type":"function"']],
    growing(
      {
        '{"model":"m","messages":…}': [
          user,
          `${user},{"role":"assistant","content":"A"}`,
          '{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c","content":"T"}',
        ],
        '{"model":"m","messages":[{"role":"user","content":…}]}': [text],
      },
      `{"model":"m","messages":[${user}],"tools":[{"type":"function","function":{"name":"f","parameters":…}}]}`,
    ),
  ),
  bodies(
    'bodies: responses',
    openAiResponses,
    recorded('/v1/responses'),
    ['"input":', '"type":"function_call"', '"call_id":"c"', '"type":"reasoning"', '"store":false'],
    growing(
      {
        '{"model":"m","input":…}': [
          user,
          '{"type":"function_call","call_id":"c","name":"f","arguments":"{}"},{"type":"function_call_output","call_id":"c","output":"T"}',
          '{"type":"message","role":"assistant","content":[{"type":"output_text","text":"A"}]}',
        ],
        '{"model":"m","input":[{"role":"user","content":…}]}': ['{"type":"input_text","text":"x"}'],
      },
      '{"model":"m","input":"U","tools":[{"type":"function","name":"f","parameters":…}]}',
    ),
  ),
  bodies(
    'bodies: messages',
    anthropicMessages,
    recorded('/v1/messages'),
    [
      ...[
        '"type":"tool_use"',
        '"tool_use_id":"c"',
        '"type":"thinking"',
        '"input":{}',
        '"max_tokens":1',
      ],
      ...['<system-reminder>', '</system-reminder>', 'x-anthropic-billing-header: x\\n'],
    ],
    growing(
      {
        '{"model":"m","max_tokens":1,"messages":…}': [
          user,
          `${user},{"role":"assistant","content":"A"}`,
          '{"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"T"}]}',
        ],
        '{"model":"m","max_tokens":1,"messages":[{"role":"user","content":…}]}': [
          text,
          '{"type":"text","text":"<system-reminder>x</system-reminder>"}',
        ],
      },
      `{"model":"m","max_tokens":1,"messages":[${user}],"tools":[{"name":"f","input_schema":…}]}`,
    ),
  ),
  bodies(
    'bodies: ollama',
    ollamaChat,
    [ollamaSeed],
    ['"options":', '"images":["x"]', '"think":true'],
    growing(
      {
        '{"model":"m","messages":…}': [
          user,
          '{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1e999}}}]},{"role":"tool","tool_name":"f","content":"T"}',
        ],
      },
      `{"model":"m","messages":[${user}],"tools":[{"type":"function","function":{"name":"f","parameters":…}}]}`,
    ),
  ),
  bodies(
    'bodies: ollama generate',
    ollamaGenerate,
    [
      JSON.stringify({
        model: 'm',
        prompt: 'U',
        system: 'S',
        images: ['iVBORw0KGgo='],
        context: [],
        options: {},
      }),
    ],
    ['"prompt":"', '"raw":true', '"template":"', '"suffix":"'],
    growing(
      { '{"model":"m","prompt":"U","images":…}': ['"iVBORw0KGgo="'] },
      '{"model":"m","format":…}',
    ),
  ),
];

/** Numbers as JSON spells them, outside of strings. */
function numbersIn(json: string): string[] {
  return [...json.matchAll(/"(?:[^"\\]|\\.)*"|(-?\d[\d.eE+-]*)/gs)].flatMap(([, number]) =>
    number === undefined ? [] : [number],
  );
}

/** Whole numbers by their value; the others may be spelled differently. */
function wholeNumbers(json: string): string[] {
  return numbersIn(json)
    .filter((number) => /^-?\d+$/.test(number))
    .map((number) => String(BigInt(number)));
}

const same = (value: unknown): unknown => value;

const numbers: Target = {
  name: 'exact numbers',
  kind: 'json',
  isWhole: true,
  seeds: [
    '{"id":12345678901234567890,"b":[9007199254740993,0.1,1e400,-0,"12345678901234567890"]}',
    '[1e-400,123456789012345678901234567890e-5,"\\"12345678901234567",{"__proto__":9007199254740993}]',
    '{"a":{"a":1.00000000000000000001},"a":99999999999999999999}',
  ],
  words: [
    ...[
      '12345678901234567890',
      '9007199254740993',
      '1e400',
      '-0',
      '.5',
      'e',
      '+',
      '-',
      '0',
      '"',
      '\\"',
    ],
    ...['\\\\', '{"a":', '}', '[', ']', ',', ':', '1234567890123456', 'exact-number-'],
  ],
  read(pieces) {
    const json = pieces.join('');
    let plain: unknown;
    try {
      plain = JSON.parse(json);
    } catch {
      assert.throws(() => parseJson(json), SyntaxError);
      return 'no JSON';
    }
    const value = parseJson(json);
    assert.deepEqual(value, plain, 'other values than JSON.parse gives');
    const written = writeJson(value);
    assert.equal(writeJson(parseJson(written)), written, 'not the same again');
    // The digits of a number are remembered by what holds it, and nothing holds one that stands alone.
    if (typeof value === 'object') assert.equal(rewriteJson(json, same), written, 'rewritten');
    return written;
  },
  judge(input, result) {
    // Digits are remembered by what holds the number, and of equal names the last counts.
    if (result === 'no JSON' || !/^\s*\[/.test(input) || /"\s*:/.test(input)) return;
    const written = String(result);
    const wanted = wholeNumbers(input);
    if (wanted.length === numbersIn(input).length) assert.deepEqual(wholeNumbers(written), wanted);
  },
};

const callArguments: Target = {
  name: 'arguments',
  kind: 'json',
  isWhole: true,
  seeds: [
    '{"b":1,"a":"x"}',
    '{"a": {"z": [1.0, 1e2, -0], "y": null}, "1": true, "id": 12345678901234567890}',
    '{"path":"a\\u0062\\n","emoji":"\\ud83d\\ude42","__proto__":{"x":1}}',
  ],
  words: [
    '{',
    '}',
    '"a":',
    '"b":',
    '1',
    '-1',
    '0',
    '1.0',
    '"x"',
    '\\u0061',
    '\\',
    ',',
    ' ',
    '[',
    ']',
    'null',
  ],
  read: (pieces) => canonicalArguments(pieces.join('')),
  judge(input, result, random) {
    const text = String(result);
    assert.equal(canonicalArguments(text), text, 'the canonical form has another one');
    let value: unknown;
    try {
      value = parseJson(input);
    } catch {
      return;
    }
    // Nothing remembers the digits, or the sign of zero, of a number that stands alone.
    const plain = (json: string): unknown => {
      const read: unknown = JSON.parse(json);
      return typeof read === 'number' ? read + 0 : read;
    };
    const written = typeof value === 'number' ? input : writeJson(value);
    assert.deepEqual(plain(text), plain(written), 'another value');
    const spelled = random.chance(0.5)
      ? JSON.stringify(value, undefined, 2)
      : JSON.stringify(shuffled(value));
    // A number that a double does not keep has lost its digits by now.
    if (!/[\d.]{16}|[eE]/.test(input))
      assert.equal(canonicalArguments(spelled), text, 'spelled differently');
  },
};

/** The same value with the members of every object the other way round. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, shuffled(member)]),
  );
}

const ROLES: Readonly<Record<string, Role>> = { s: 'system', u: 'user', a: 'assistant' };

/** Each line is a message, its first character the role; `¦` parts its texts. */
const heads: Target = {
  name: 'heads',
  kind: 'text',
  isWhole: true,
  seeds: [
    'sBe brief\nuHello\naHi ¦ there\nuAgain',
    'u<system-reminder>x</system-reminder>\naA\nuB',
    'u你好\na🙂\nu',
  ],
  words: [
    '\n',
    '\nu',
    '\na',
    '\ns',
    '¦',
    '<system-reminder>',
    '</system-reminder>',
    ' ',
    '\r',
    '你',
    '\xff',
    'x'.repeat(80),
  ],
  read(pieces) {
    const messages = pieces
      .join('')
      .split('\n')
      .map((line, index): Message => {
        const role = ROLES[line.charAt(0)] ?? 'user';
        const parts = line
          .slice(1)
          .split('¦')
          .map((text) => ({ type: 'text' as const, text }));
        return { role, parts, path: `messages[${index}]` };
      });
    const chain = new Chain('scope', messages);
    const stepwise = headsOf('scope', messages);
    for (const point of chain.points)
      assert.equal(chain.headAt(point), stepwise[point], `head at ${point}`);
    assert.equal(chain.headAfter(ANSWER), headsOf('scope', [...messages, ANSWER]).at(-1));
    return stepwise;
  },
};

/** A request target, and behind a line break an id of a conversation. */
const targets: Target = {
  name: 'paths and ids',
  kind: 'text',
  isWhole: true,
  seeds: [
    '/v1/models/qwen%2Fmax?x=1#y\nabc',
    'http://127.0.0.1:1/v1/responses/r_1/input_items\n{"session_id":"s"}',
  ],
  words: [
    '/',
    '%2f',
    '%',
    '?',
    '#',
    'http://',
    '//',
    '..',
    '{id}',
    '\n',
    '{"session_id":"',
    '"}',
    '&limit=',
    '%ff',
  ],
  read(pieces) {
    const [url = '', id = ''] = pieces.join('').split('\n');
    const path = pathOf(url);
    assert.ok(!/[?#]/.test(path) && path !== '', path);
    const query = [...queryOf(url)];
    const found = ['/v1/models/{id}', '/v1/responses/{id}/input_items'].map((pattern) =>
      matchPath(pattern, path),
    );
    const hint = conversationHint(
      { 'session-id': id },
      { metadata: { user_id: id }, prompt_cache_key: id },
    );
    assert.ok(hint === undefined || hint.id.length <= 256);
    assert.equal(
      codeOf(() => JSON.stringify(query)),
      undefined,
    );
    return { path, query, found, hint };
  },
};

export const conversationTargets: readonly Target[] = [
  ...dialects,
  numbers,
  callArguments,
  heads,
  targets,
];
