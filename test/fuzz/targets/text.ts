/** What reads or cuts the text of answers, and what takes secrets out of any. */
import assert from 'node:assert/strict';
import { AnswerCut } from '../../../src/conversation/answerCut';
import { StopMatcher } from '../../../src/conversation/stopSequences';
import { type Piece, ToolCallSplitter } from '../../../src/conversation/toolCalls/splitter';
import { TokenCounter } from '../../../src/conversation/tokens';
import { Redactor } from '../../../src/observe/redact';
import { encoding } from '../../support/tokens';
import type { Target } from '../target';

const tools = new Map<string, unknown>([
  ['run', { type: 'object', properties: { value: { type: 'string' }, n: { type: 'integer' } } }],
  ['mcp.get-it', { properties: { list: { anyOf: [{ type: 'array' }, { type: 'null' }] } } }],
  ['print', {}],
]);

/** Texts that follow each other as one: how a text is cut says nothing. */
function merged(pieces: readonly Piece[]): { texts: string; calls: string[] } {
  const texts = pieces.map((piece) => (piece.type === 'text' ? piece.text : '\0')).join('');
  const calls = pieces.flatMap((piece) =>
    piece.type === 'call' ? [`${piece.name} ${piece.argumentsJson}`] : [],
  );
  return { texts, calls };
}

const toolCalls: Target = {
  name: 'tool calls',
  kind: 'text',
  seeds: [
    'Look:\n```json action\n{"tool": "run", "parameters": {"value": "a\\n`b`", "n": 12345678901234567890}}\n```',
    '<tool_call>\n{"name": "run", "arguments": {"value": "x"}}\n</tool_call>',
    '<tool_call><function=run><parameter=value>\nx\n</parameter></function></tool_call>',
    '<function_calls><invoke name="run"><parameter name="n">5</parameter></invoke></function_calls>',
    '<function=mcp.get-it>{"list": [1, [2]]}</function> and more',
    "```tool_code\nprint(default_api.run(value=\"a\\x41\", n=5))\nrun(value='''b''')\n```",
    '<tool_code>run(value=["a", {"b": None}]); print(n=1)</tool_code>',
    '[TOOL_CALLS][{"name": "run", "arguments": "{\\"value\\": \\"x\\"}"}][/TOOL_CALLS]',
    '## Tool Call:\n```json\n{"function": {"name": "run", "arguments": {}}, "id": "1"}\n```',
  ],
  words: [
    ...[
      '```json action',
      '```tool_code',
      '<tool_code>',
      '<tool_call>',
      '<function=',
      '<invoke name=',
    ],
    ...[
      '<function_calls>',
      '[tool_calls]',
      '[TOOL_CALLS]',
      '#Tool Call',
      '### Tool Call',
      '```',
      '\n',
    ],
    ...[
      '</tool_code>',
      '</tool_call>',
      '</function>',
      '</invoke>',
      '</function_calls>',
      '<parameter=',
    ],
    ...[
      '<parameter name=',
      '</parameter>',
      '[/tool_calls]',
      'run',
      '"run"',
      'print(',
      'run(value=',
      ')',
    ],
    ...[
      '{"tool": "run"',
      '"parameters": ',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      "'",
      '"""',
      '\\',
      '\\u00',
      ' ',
    ],
    ...['>', '"x" y', '\u2028', '\u00a0', '5', 'True', 'json', '(', '='],
  ],
  read(pieces) {
    const splitter = new ToolCallSplitter(tools);
    return merged([...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()]);
  },
  judge(input, result) {
    const { texts, calls } = result as ReturnType<typeof merged>;
    if (calls.length === 0) assert.equal(texts, input, 'text was changed');
    for (const call of calls) {
      const [name = '', ...json] = call.split(' ');
      assert.ok(tools.has(name), 'a call of an unknown tool');
      const value: unknown = JSON.parse(json.join(' '));
      assert.ok(typeof value === 'object' && value !== null && !Array.isArray(value));
    }
  },
};

const STOPS = ['END', 'E', 'ENDEND', '\n\n', 'aab', 'ab', '🙂', '\ude42!'];

/** Where the first of the sequences ends, and the longest that ends there, looked up one by one. */
function firstStop(
  text: string,
  stops: readonly string[],
): { end: number; stop: string } | undefined {
  for (let end = 1; end <= text.length; end++) {
    const ending = stops.filter((stop) => text.slice(0, end).endsWith(stop));
    const [stop] = ending.sort((left, right) => right.length - left.length);
    if (stop !== undefined) return { end, stop };
  }
  return undefined;
}

/** The first line says which of the sequences stop; the rest is the answer. */
const stops: Target = {
  name: 'stop sequences',
  kind: 'text',
  seeds: ['0\nfooENDbar', '23\nEN ENDEN\n\n', '45\naaab aab', '67\n🙂 \ud83d\ude42!'],
  words: [...STOPS, '\n', '0', '1234567', 'EN', 'aa', 'a', '\ud83d', '\ude42'],
  // The first line has to stay whole, so its end is looked for in the joined text.
  read(pieces) {
    const [wanted, answer] = stopsIn(pieces);
    const cut = new AnswerCut(wanted, new TokenCounter(encoding).meter());
    const said = [...answer.flatMap((delta) => cut.push({ type: 'text', delta })), ...cut.end()];
    const text = said.map((piece) => (piece.type === 'text' ? piece.delta : '')).join('');
    return { text, stop: cut.cut?.stopSequence };
  },
  judge(input, result) {
    const [wanted, [text = '']] = stopsIn([input]);
    const found = text.length > 2_000 ? undefined : firstStop(text, wanted);
    if (text.length > 2_000) return;
    const shown = found ? text.slice(0, found.end - found.stop.length) : text;
    assert.deepEqual(result, { text: shown, stop: found?.stop });
    const matcher = new StopMatcher(wanted);
    for (let at = 0; at < text.length; at++) {
      matcher.next(text.charCodeAt(at));
      const { matched } = matcher;
      const tail = text.slice(at + 1 - matched, at + 1);
      assert.ok(wanted.some((stop) => stop.startsWith(tail)) || matched === 0);
    }
  },
};

function stopsIn(pieces: readonly string[]): [wanted: string[], answer: string[]] {
  const text = pieces.join('');
  const head = text.includes('\n') ? text.indexOf('\n') + 1 : 0;
  const wanted = STOPS.filter((_, index) => text.slice(0, head).includes(String(index)));
  const answer: string[] = [];
  let at = 0;
  for (const piece of pieces) {
    const from = Math.max(0, head - at);
    if (from < piece.length) answer.push(piece.slice(from));
    at += piece.length;
  }
  return [wanted, answer];
}

/** Meters with the vocabulary that is shipped, and one that only estimates. */
async function meters(): Promise<Target> {
  const counter = new TokenCounter(encoding);
  await counter.ready();
  const estimates = new TokenCounter(encoding);
  const limits = [Infinity, 0, 1, 7, 100];
  return {
    name: 'token meters',
    kind: 'text',
    longest: 400,
    seeds: [
      'The quick brown fox.\n\n  It jumps 12345 times, doesn’t it?',
      'def f(x):\n\treturn {"a": [1, 2]}\n',
      '你好，世界🙂 naïve ﬁne',
      ' '.repeat(50) + 'a'.repeat(300) + '\n'.repeat(40),
    ],
    words: [
      ' ',
      '\n',
      "'s",
      "'LL",
      '123',
      'word',
      ' word',
      '你',
      '🙂',
      '\ud83d',
      '!!',
      '\t',
      '   x',
      '\r\n',
      'é',
    ],
    read(pieces) {
      return [counter, estimates].map((from) =>
        limits.map((max) => {
          // A meter does not cut characters, so nobody else may.
          const meter = from.meter(max);
          const shown =
            wholeCharacters(pieces)
              .map((piece) => meter.push(piece))
              .join('') + meter.end();
          return { shown, full: meter.full, tokens: meter.tokens };
        }),
      );
    },
    judge(input, result) {
      for (const byLimit of result as { shown: string; full: boolean; tokens: number }[][]) {
        for (const [index, { shown, full, tokens }] of byLimit.entries()) {
          assert.ok(tokens <= (limits[index] ?? 0), 'more tokens than allowed');
          assert.ok(input.startsWith(shown), 'not what was said');
          assert.ok(full || shown === input, 'something is held for ever');
        }
      }
    },
  };
}

/** The pieces, cut so that no character is. */
function wholeCharacters(pieces: readonly string[]): string[] {
  let held = '';
  const whole = pieces.map((piece) => {
    const text = held + piece;
    held = /[\ud800-\udbff]$/.exec(text)?.[0] ?? '';
    return text.slice(0, text.length - held.length);
  });
  return [...whole, held];
}

const CANARIES = ['canary-0123456789', 'quo"ted\\canary\n', 'sk-proj-0123456789abcdefghij'];
const TELLING = [
  'sk-ant-api03-0123456789abcdef',
  'ghp_0123456789abcdefghijABCDEFGHIJ',
  'AKIA0123456789ABCDEF',
];

const redaction: Target = {
  name: 'redaction',
  kind: 'text',
  isWhole: true,
  seeds: [
    ...CANARIES,
    ...TELLING,
    'password = "open sesame", api_key: abc\nAuthorization: Bearer abcdefghijkl',
    '{"secret":"x\\"y","nested":"{\\"token\\":\\"abc\\"}"} https://u:p@host/',
    '-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----',
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc npm_0123456789012345678901234567890123',
  ],
  words: [
    ...[
      ...CANARIES,
      ...TELLING,
      'password',
      'api_key',
      'secret',
      'token',
      '=',
      ': ',
      '"',
      "'",
      '\\"',
      '\\',
    ],
    ...[
      'Bearer ',
      '://',
      '@',
      '-----BEGIN A-----',
      '-----END A-----',
      'eyJ',
      'sk-',
      '\n',
      '-',
      '_',
      'x',
    ],
  ],
  read: (pieces) => new Redactor(CANARIES).redact(pieces.join('')),
  judge(_input, result) {
    const text = String(result);
    for (const canary of CANARIES) assert.ok(!text.includes(canary), `shows ${canary}`);
    for (const secret of TELLING) {
      const at = text.indexOf(secret);
      // In the middle of a longer word it is no key any more.
      assert.ok(at < 0 || /\w/.test(text.charAt(at - 1)), `shows ${secret}`);
    }
  },
};

/** The targets; some of them need the vocabulary, which is read first. */
export async function textTargets(): Promise<readonly Target[]> {
  return [toolCalls, stops, await meters(), redaction];
}
