/**
 * Names that mean something to JavaScript (`__proto__`, `constructor` …) are data like any other in a
 * request: they travel as they are, and no object gets another prototype by them.
 */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import { parseJson, writeJson } from '../../src/base/exactJson';
import { canonicalArguments } from '../../src/conversation/canonicalArguments';
import type { TurnRequest } from '../../src/conversation/messages';
import { renderPrompt } from '../../src/conversation/render';
import { resolveModel } from '../../src/gateway/models';
import { matchPath } from '../../src/http/paths';
import { parseMessagesRequest } from '../../src/wire/anthropicMessagesRequest';
import { parseChatRequest } from '../../src/wire/openaiChatRequest';
import { openAiResponses } from '../../src/wire/openaiResponses';
import { assertCode, thrownBy } from '../support/errors';

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'polluted'];
const MARK = 'polluted';

/** JSON text, as the names would not survive being members of a literal. */
const hostile: fc.Arbitrary<string> = fc.letrec<{ value: string; object: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'json' },
    fc.constantFrom('1', '"x"', 'null', '12345678901234567890'),
    tie('object'),
    fc
      .array(tie('value'), { maxLength: 2, depthIdentifier: 'json' })
      .map((all) => `[${all.join()}]`),
  ),
  object: fc
    .uniqueArray(fc.constantFrom(...NAMES), { maxLength: 4 })
    .chain((names) =>
      fc
        .tuple(...names.map(() => tie('value')))
        .map((values) => `{${names.map((name, at) => `"${name}":${values[at]}`).join()}}`),
    ),
})).object;

/** Everything that could be seen of a polluted prototype. */
function assertClean(): void {
  for (const value of [{}, [], '', 0, () => undefined] as object[]) {
    assert.equal((value as Record<string, unknown>)[MARK], undefined);
  }
  assert.equal(typeof {}.toString, 'function');
  assert.equal(Object.getPrototypeOf(Object.prototype), null);
}

describe('names that mean something to JavaScript', () => {
  it('are written as they were read', () => {
    fc.assert(
      fc.property(hostile, (json) => {
        assert.equal(writeJson(parseJson(json)), json);
        // Sorted by name, and nothing lost: sorting again changes nothing.
        const canonical = canonicalArguments(json);
        assert.equal(canonicalArguments(canonical), canonical);
        for (const name of NAMES) {
          const count = (text: string) => text.split(`"${name}":`).length;
          assert.equal(count(canonical), count(json), name);
        }
        assertClean();
      }),
    );
  });

  it('reach the prompt in schemas and arguments of tools, in every dialect', () => {
    fc.assert(
      fc.property(hostile, hostile, (schema, args) => {
        const chat = parseChatRequest(
          parseJson(`{"model":"m","__proto__":{"stream":true},"messages":[
            {"role":"user","content":"hi","__proto__":{"role":"system"}},
            {"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function",
              "function":{"name":"f","arguments":${JSON.stringify(args)}}}]},
            {"role":"tool","tool_call_id":"c","content":"x"}],
            "tools":[{"type":"function","function":{"name":"f","parameters":${schema}}}]}`),
          {},
        );
        assert.equal(chat.stream, false);
        // That dialect wants the schema of an object.
        const objectSchema =
          schema === '{}' ? '{"type":"object"}' : `{"type":"object",${schema.slice(1)}`;
        const messages = parseMessagesRequest(
          parseJson(`{"model":"m","max_tokens":9,"messages":[
            {"role":"user","content":"hi"},
            {"role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":${args}}]},
            {"role":"user","content":[{"type":"tool_result","tool_use_id":"c","content":"x"}]}],
            "tools":[{"name":"f","input_schema":${objectSchema}}]}`),
          {},
        );
        const responses = openAiResponses.parse(
          parseJson(`{"model":"m","input":[
            {"role":"user","content":"hi"},
            {"type":"function_call","call_id":"c","name":"f","arguments":${JSON.stringify(args)}},
            {"type":"function_call_output","call_id":"c","output":"x"}],
            "tools":[{"type":"function","name":"f","parameters":${schema}}]}`),
          {},
        );
        for (const { turn } of [chat, messages, responses]) {
          const given = turn === messages.turn ? objectSchema : schema;
          assert.equal(canonicalArguments(argumentsOf(turn)), canonicalArguments(args));
          assert.equal(writeJson(turn.tools[0]?.parameters), given);
          const { text } = renderPrompt({ ...turn, continuing: false });
          assert.ok(text.includes(given), 'the schema as it was sent');
          assert.ok(text.includes(argumentsOf(turn)), 'the arguments as they were sent');
        }
        assertClean();
      }),
      { numRuns: 200 },
    );
  });

  it('are models, aliases and parameters of paths that do not exist', () => {
    const models = [{ id: 'm', name: 'M' }] as never;
    for (const name of NAMES) {
      assertCode(
        thrownBy(() => resolveModel(name, models, {})),
        'model_not_found',
      );
      const aliases = JSON.parse(`{"${name}":"m"}`) as Record<string, string>;
      assert.equal(resolveModel(name, models, aliases).id, 'm');
      assert.deepEqual(matchPath('/v1/models/{id}', `/v1/models/${name}`), { id: name });
    }
    assertClean();
  });
});

function argumentsOf({ messages }: TurnRequest): string {
  const [call] = messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === 'toolCall' ? part : [])),
  );
  assert.ok(call);
  return call.argumentsJson;
}
