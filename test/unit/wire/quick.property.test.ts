/** What a glance lets pass, the schemas let pass as well, and as the very same value. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import * as v from 'valibot';
import * as anthropic from '../../../src/wire/anthropicMessagesRequest';
import * as chat from '../../../src/wire/openaiChatRequest';
import { isPlainItem, itemSchema } from '../../../src/wire/openaiResponsesInput';

/** Few words, so that they meet where they matter; and what else JSON has. */
const scalar = fc.constantFrom<unknown>(
  ...['user', 'assistant', 'system', 'developer', 'tool', 'text', 'input_text', 'output_text'],
  ...['function', 'function_call', 'function_call_output', 'message', 'reasoning', 'refusal'],
  ...['tool_use', 'tool_result', 'thinking', 'image', 'item_reference', ''],
  ...[null, undefined, true, 7],
);
const names = [
  ...['role', 'type', 'content', 'text', 'name', 'refusal', 'tool_calls', 'tool_call_id', 'id'],
  ...[
    'function',
    'arguments',
    'input',
    'tool_use_id',
    'is_error',
    'call_id',
    'output',
    'namespace',
  ],
];

const { value } = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
  object: fc.dictionary(fc.constantFrom(...names), tie('value'), { maxKeys: 6 }),
}));

const text = (type: string) => fc.array(fc.record({ type: fc.constant(type), text: fc.string() }));
const said = fc.oneof(fc.string(), text('text'), text('input_text'), text('output_text'), value);
const call = fc.record(
  {
    id: fc.oneof(fc.string(), scalar),
    type: scalar,
    function: fc.record({ name: fc.string(), arguments: fc.oneof(fc.string(), scalar) }),
  },
  { requiredKeys: [] },
);
const block = fc.record(
  {
    type: scalar,
    text: fc.oneof(fc.string(), scalar),
    id: fc.string(),
    name: fc.oneof(fc.string(), scalar),
    input: value,
    tool_use_id: fc.oneof(fc.string(), scalar),
    content: said,
    is_error: fc.oneof(fc.boolean(), scalar),
  },
  { requiredKeys: ['type'] },
);
const message = fc.record(
  {
    role: scalar,
    type: scalar,
    content: fc.oneof(said, fc.array(block, { maxLength: 3 })),
    name: fc.oneof(fc.string(), scalar),
    refusal: scalar,
    tool_calls: fc.oneof(fc.array(call, { maxLength: 3 }), scalar),
    tool_call_id: fc.oneof(fc.string(), scalar),
    call_id: fc.oneof(fc.string(), scalar),
    arguments: fc.oneof(fc.string(), scalar),
    namespace: scalar,
    output: said,
    extra: value,
  },
  { requiredKeys: [] },
);

describe('wire: messages that are taken at a glance', () => {
  const dialects = [
    { name: 'Chat Completions', schema: chat.messageSchema, isPlain: chat.isPlainMessage },
    { name: 'Messages', schema: anthropic.messageSchema, isPlain: anthropic.isPlainMessage },
    { name: 'Responses', schema: itemSchema, isPlain: isPlainItem },
  ];
  for (const { name, schema, isPlain } of dialects) {
    it(`${name}: are what the schema takes, and nothing of them changes`, () => {
      let plain = 0;
      fc.assert(
        fc.property(message, (drawn) => {
          const candidate = JSON.parse(JSON.stringify(drawn)) as Record<string, unknown>;
          if (!isPlain(candidate)) return;
          plain++;
          const result = v.safeParse(schema, candidate);
          assert.ok(result.success, JSON.stringify(candidate));
          assert.deepEqual(result.output, candidate);
        }),
        { numRuns: 4_000 },
      );
      assert.ok(plain > 100, `only ${plain} of the candidates were plain`);
    });
  }
});
