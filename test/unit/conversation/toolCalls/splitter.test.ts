import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { writeCall } from '../../../../src/conversation/toolBlocks';
import {
  type Piece,
  splitAnswer,
  ToolCallSplitter,
} from '../../../../src/conversation/toolCalls/splitter';

const FILE = {
  type: 'object',
  properties: {
    path: { type: 'string' },
    line: { type: 'integer' },
    all: { type: ['boolean', 'null'] },
    ranges: { anyOf: [{ type: 'array' }, { type: 'null' }] },
    kind: { enum: ['a', 'b'] },
  },
};
const TOOLS = new Map<string, unknown>([
  ['read', FILE],
  ['写入', { type: 'object' }],
  ['ns.run', FILE],
]);

const say = (text: string): Piece => ({ type: 'text', text });
const call = (name: string, args: object): Piece => ({
  type: 'call',
  name,
  argumentsJson: JSON.stringify(args),
});

/** Adjacent text as one piece and arguments as values: how they are cut and spaced is no matter. */
function joined(pieces: readonly Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (piece.type === 'call') {
      result.push({ ...piece, argumentsJson: JSON.stringify(JSON.parse(piece.argumentsJson)) });
    } else if (last?.type === 'text') {
      result[result.length - 1] = say(last.text + piece.text);
    } else result.push(piece);
  }
  return result;
}

const split = (text: string): Piece[] => joined(splitAnswer(text, TOOLS));

function splitAt(text: string, cuts: readonly number[]): Piece[] {
  const splitter = new ToolCallSplitter(TOOLS);
  const points = [...new Set(cuts)].filter((cut) => cut < text.length).sort((a, b) => a - b);
  const pieces = [0, ...points].flatMap((from, index) =>
    splitter.push(text.slice(from, points[index] ?? text.length)),
  );
  return joined([...pieces, ...splitter.end()]);
}

const QWEN = `<tool_call>
<function=read>
<parameter=path>
src/a.ts
</parameter>
<parameter=line>
12
</parameter>
</function>
</tool_call>`;

/** Every form, with what it means. */
const FORMS: Readonly<Record<string, readonly [string, ...Piece[]]>> = {
  'our contract': [writeCall('read', '{"path":"a"}'), call('read', { path: 'a' })],
  'our contract with other keys': [
    '```json action\n{"name": "read", "arguments": {"path": "a"}}\n```',
    call('read', { path: 'a' }),
  ],
  'our contract without arguments': ['```json action\n{"tool":"read"}\n```', call('read', {})],
  'a <tool_call> of JSON': [
    '<tool_call>\n{"name": "read", "arguments": {"path": "a"}}\n</tool_call>',
    call('read', { path: 'a' }),
  ],
  'a <tool_call> of functions': [QWEN, call('read', { path: 'src/a.ts', line: 12 })],
  'two functions in one <tool_call>': [
    '<tool_call><function=read><parameter=path>a</parameter></function>' +
      '<function=写入></function></tool_call>',
    call('read', { path: 'a' }),
    call('写入', {}),
  ],
  'a <function=…> alone': [
    '<function=ns.run><parameter=path>a</parameter></function>',
    call('ns.run', { path: 'a' }),
  ],
  'a <function=…> of JSON': [
    '<function=read>{"path": "a"}</function>',
    call('read', { path: 'a' }),
  ],
  'an <invoke>': [
    '<invoke name="read">\n<parameter name="path">a</parameter>\n<parameter name="all">true</parameter>\n</invoke>',
    call('read', { path: 'a', all: true }),
  ],
  'invocations in <function_calls>': [
    '<function_calls>\n<invoke name="read">\n<parameter name="path" string="true">a</parameter></invoke>\n' +
      '<invoke name="写入"></invoke>\n</function_calls>',
    call('read', { path: 'a' }),
    call('写入', {}),
  ],
  '[tool_calls]': [
    '[tool_calls] [{"name":"read","arguments":{"path":"a"}},{"type":"function","function":{"name":"写入","arguments":"{\\"x\\":1}"}}]',
    call('read', { path: 'a' }),
    call('写入', { x: 1 }),
  ],
  '[TOOL_CALLS], closed': [
    '[TOOL_CALLS]: [{"name":"read","arguments":{}}]\n[/TOOL_CALLS]',
    call('read', {}),
  ],
  '#Tool Call': ['#Tool Call\n{"name": "read", "arguments": {}}', call('read', {})],
  '### Tool Calls: in a fence': [
    '### Tool Calls:\n```json\n[{"tool": "read", "parameters": {}}]\n```',
    call('read', {}),
  ],
  'tool_code in a fence': [
    "```tool_code\nprint(default_api.read(path='it\\'s', line=-3, all=None))\n写入()\n```",
    call('read', { path: "it's", line: -3, all: null }),
    call('写入', {}),
  ],
  'tool_code in an element': [
    '<tool_code>ns.run(path="""a\n"b" \\u4f60""", ranges=[[1, 2.5], {"k": True}],)</tool_code>',
    call('ns.run', { path: 'a\n"b" 你', ranges: [[1, 2.5], { k: true }] }),
  ],
};

/** What looks like a call and is none. */
const NO_CALLS: readonly string[] = [
  writeCall('unknown', '{}'),
  writeCall('Read', '{}'),
  '```json action\n{"tool": "read", "parameters": [1]}\n```',
  '```json action\n{"tool": "read", "parameters": {"path": \n```',
  '```json action\n{"tool": "read", "path": "a"}\n```',
  '```json action\nnull\n```',
  '```json action\n{"tool": "read", "parameters": {}} and more\n```',
  'Use ```json\n{"tool": "read"}\n``` or ```json actio',
  '<tool_call>read</tool_call>',
  '<tool_call>{"name": "read", "arguments": {}}, {"name": "read"}</tool_call>',
  '<tool_call><tool_call>',
  '<function=nobody><parameter=path>a</parameter></function>',
  '<function=read><parameter=path>a</parameter><parameter=path>b</parameter></function>',
  '<function=read><parameter=path>a</parameter>',
  '<function=read><parameter=path>a',
  '<invoke name="read">hm</invoke>',
  '<function_calls></function_calls>',
  '[tool_calls] is what it is called',
  '[tool_calls] [{"name":"read","arguments":{}},{"name":"nobody","arguments":{}}]',
  '# Tool Call handling\nis a matter of taste',
  '```tool_code\nread("a")\n```',
  '```tool_code\nread(path=open("x"))\n```',
  '```tool_code\nfor x in y: read(path="a")\n```',
  '```tool_code\nread(path="a',
];

/** Cuts before every UTF-16 unit. */
const everyPlace = (text: string): number[] => Array.from({ length: text.length }, (_, at) => at);

describe('conversation/toolCalls', () => {
  for (const [form, [text, ...calls]] of Object.entries(FORMS)) {
    it(`understands ${form}, between text and at any split`, () => {
      assert.deepEqual(split(text), calls);
      const whole = `Look:\n${text}\n\nDone. ${text}`;
      const expected = [say('Look:\n'), ...calls, say('Done. '), ...calls];
      assert.deepEqual(split(whole), expected);
      for (let at = 1; at < whole.length; at++) assert.deepEqual(splitAt(whole, [at]), expected);
      assert.deepEqual(splitAt(whole, everyPlace(whole)), expected);
    });
  }

  for (const text of NO_CALLS) {
    it(`leaves ${JSON.stringify(text)} as it is`, () => {
      const whole = `before ${text}`;
      assert.deepEqual(split(whole), [say(whole)]);
      assert.deepEqual(splitAt(whole, everyPlace(whole)), [say(whole)]);
    });
  }

  it('finds the call behind a block that is none', () => {
    for (const text of [
      '<tool_call>',
      '```json action\n{"tool": ',
      '[tool_calls] hm',
      '#Tool Call',
    ])
      assert.deepEqual(split(`${text}\n${QWEN}`), [
        say(`${text}\n`),
        call('read', { path: 'src/a.ts', line: 12 }),
      ]);
  });

  it('keeps what stands inside of arguments', () => {
    const content =
      'a\n```json action\n{}\n```\n<tool_call>{"name":"read","arguments":{}}</tool_call>';
    assert.deepEqual(split(writeCall('写入', JSON.stringify({ content }))), [
      call('写入', { content }),
    ]);
    const path = ' <parameter=line>\n</function> ';
    assert.deepEqual(split(`<function=read><parameter=path>${path}</parameter></function>`), [
      call('read', { path }),
    ]);
  });

  it('spells JSON arguments as the model does', () => {
    const spelled = '{"line": 1.0,\n "path": "\\u0061", "big": 12345678901234567890}';
    const [piece] = splitAnswer(writeCall('read', spelled), TOOLS);
    assert.deepEqual(piece, { type: 'call', name: 'read', argumentsJson: spelled });
  });

  it('takes values in angle brackets for what the schema says they are', () => {
    const value = (key: string, written: string): unknown => {
      const [piece] = split(
        `<invoke name="read"><parameter name="${key}">${written}</parameter></invoke>`,
      );
      assert.equal(piece?.type, 'call');
      return (JSON.parse(piece.argumentsJson) as Record<string, unknown>)[key];
    };
    assert.equal(value('path', '12'), '12');
    assert.equal(value('path', 'true'), 'true');
    assert.equal(value('kind', '1'), '1');
    assert.equal(value('line', ' 12 '), 12);
    assert.equal(value('line', 'twelve'), 'twelve');
    assert.deepEqual(value('ranges', '[1,[2]]'), [1, [2]]);
    assert.equal(value('unknown', '3'), '3');
  });

  it('takes a last block without its closing', () => {
    const expected = [call('read', { path: 'a' })];
    for (const text of [
      '```json action\n{"tool":"read","parameters":{"path":"a"}}',
      '```json action\n{"tool":"read","parameters":{"path":"a"}}\n``',
      '<tool_call>{"name":"read","arguments":{"path":"a"}}\n</tool',
      '```tool_code\nread(path="a")\n',
    ]) {
      assert.deepEqual(split(text), expected, text);
    }
  });

  it('gives out text as soon as it can be none of a call', () => {
    const splitter = new ToolCallSplitter(TOOLS);
    const shown = (delta: string): string =>
      splitter
        .push(delta)
        .map((piece) => (piece.type === 'text' ? piece.text : '!'))
        .join('');
    assert.equal(shown('a < b and `c`'), 'a < b and `c');
    assert.equal(shown(' and <tool'), '` and ');
    assert.equal(shown('box> '), '<toolbox> ');
    assert.equal(shown('<tool_call> so'), '<tool_call> so');
    assert.equal(shown('<function=nobody>'), '<function=nobody>');
    assert.equal(shown('```json action\n{"tool": x'), '```json action\n{"tool": x');
  });

  it('gives the same pieces wherever the answer is cut, leaks nothing and loses nothing', () => {
    const calls = Object.values(FORMS).map(([text, ...pieces]) => ({ text, pieces }));
    // Nothing of this can begin, end or continue a block.
    const word = fc.string({
      unit: fc.constantFrom('a', 'b', ' ', 'é', '你', '🙂', '.', '!'),
      minLength: 1,
      maxLength: 8,
    });
    const said = word.map((text) => ({ text: `x${text}x`, pieces: [say(`x${text}x`)] }));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(said, fc.constantFrom(...calls)), { maxLength: 8 }),
        fc.array(fc.nat(600), { maxLength: 40 }),
        (parts, cuts) => {
          const text = parts.map((part) => part.text).join('');
          assert.deepEqual(splitAt(text, cuts), joined(parts.flatMap(({ pieces }) => pieces)));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('gives the same pieces of any text wherever it is cut', () => {
    const marks = Object.values(FORMS).flatMap(([text]) => text.match(/\w+|[^\w\s]+|\s+/gu) ?? []);
    const fragment = fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...marks) },
      fc.constantFrom(...Object.values(FORMS).map(([text]) => text), ...NO_CALLS),
      fc.string({ unit: 'grapheme', maxLength: 4 }),
    );
    fc.assert(
      fc.property(
        fc.array(fragment, { maxLength: 25 }),
        fc.array(fc.nat(400), { maxLength: 60 }),
        (fragments, cuts) => {
          const text = fragments.join('');
          const whole = split(text);
          assert.deepEqual(splitAt(text, cuts), whole);
          if (!whole.some(({ type }) => type === 'call')) {
            assert.deepEqual(whole, text ? [say(text)] : []);
          }
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('takes time in proportion to the length', () => {
    const hostile = [
      '<tool_call>',
      '<function=read><parameter=path>',
      '<function=read><parameter=path></parameter>',
      '```json action\n{"a":"<function=read><parameter=path>',
      '```json action\n[[[[{',
      '```tool_code\nread(path="',
      "[tool_calls]['",
      '#',
      '`',
      '<',
    ];
    for (const unit of hostile) {
      const text = unit.repeat(Math.ceil(300_000 / unit.length));
      const splitter = new ToolCallSplitter(TOOLS);
      const startedAt = performance.now();
      for (let at = 0; at < text.length; at += 7) splitter.push(text.slice(at, at + 7));
      splitter.end();
      assert.ok(performance.now() - startedAt < 3_000, unit);
    }
  });
});
