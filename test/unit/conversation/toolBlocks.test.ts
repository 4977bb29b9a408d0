import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseJson } from '../../../src/base/exactJson';
import { choiceInstruction, toolContract } from '../../../src/conversation/toolBlocks';

describe('conversation/toolBlocks', () => {
  it('tells the model everything about each tool', () => {
    const schema = { type: 'object', properties: { path: { type: 'string' } } };
    const contract = toolContract([{ name: 'read', description: 'Reads.', parameters: schema }]);
    for (const part of ['read', 'Reads.', JSON.stringify(schema), '```json action']) {
      assert.ok(contract.includes(part), part);
    }
  });

  it('tells it the numbers of a schema with all their digits', () => {
    const json = '{"const":9007199254740993,"enum":[12345678901234567890]}';
    const parameters = parseJson(json);
    assert.ok(toolContract([{ name: 'read', description: '', parameters }]).includes(json));
  });

  it('asks for what the client chose, and says nothing where the model is free', () => {
    assert.equal(choiceInstruction({ mode: 'auto' }), '');
    const asked = [
      choiceInstruction({ mode: 'auto' }, false),
      choiceInstruction({ mode: 'none' }),
      choiceInstruction({ mode: 'required' }),
      choiceInstruction({ mode: 'required' }, false),
      choiceInstruction({ mode: 'named', name: 'read' }),
      choiceInstruction({ mode: 'named', name: 'read' }, false),
    ];
    assert.equal(new Set(asked).size, asked.length);
    assert.match(asked[4] ?? '', /read/);
  });
});
