import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { parseJson } from '../../../src/base/exactJson';
import { fullPatience } from '../../../src/conversation/jsonSchema';
import type { Tool } from '../../../src/conversation/messages';
import { TokenCounter } from '../../../src/conversation/tokens';
import { ToolSets } from '../../../src/gateway/toolSets';
import { encoding, estimates } from '../../support/tokens';
import { buildKey, scopeKey } from '../../../src/session/key';

const tool = (name: string, parameters: unknown = { type: 'object' }): Tool => ({
  name,
  description: `what ${name} does`,
  parameters,
});

describe('gateway/toolSets', () => {
  const sets = new ToolSets(estimates());

  it('gives one set the fingerprint of the original key, however often it is asked', () => {
    const tools = [tool('read'), tool('write')];
    for (let turn = 0; turn < 3; turn++) {
      const { fingerprint, tokens } = sets.of([...tools]);
      assert.equal(
        scopeKey('key', fingerprint, 'model'),
        buildKey('key', [], { toolConfig: { tools }, branchContext: 'model' }),
      );
      assert.ok(tokens() > 10);
    }
  });

  it('knows a set whose schemas have their keys in another order', () => {
    const one = sets.of([tool('f', { type: 'object', required: ['a'] })]);
    const other = sets.of([tool('f', { required: ['a'], type: 'object' })]);
    assert.equal(one.fingerprint, other.fingerprint);
  });

  it('keeps sets apart by name, description, schema, number and order', () => {
    const all = [
      [],
      [tool('a')],
      [tool('b')],
      [{ ...tool('a'), description: 'else' }],
      [tool('a', { type: 'object', properties: { x: {} } })],
      [tool('a'), tool('b')],
      [tool('b'), tool('a')],
    ].map((tools) => sets.of(tools).fingerprint);
    assert.equal(new Set(all).size, all.length);
  });

  it('keeps sets apart by numbers that a double cannot keep', () => {
    const [one, other] = ['9007199254740993', '9007199254740992'].map((id) =>
      sets.of([tool('a', parseJson(`{"properties":{"id":{"const":${id}}}}`))]),
    );
    assert.notEqual(one?.fingerprint, other?.fingerprint);
  });

  it('takes no call that nests deeper than a request may', async () => {
    const { faultIn } = sets.of([tool('a')]);
    const compile = () => () => Promise.resolve(undefined);
    const patience = fullPatience(new AbortController().signal);
    const nested = (levels: number) => ({
      name: 'a',
      argumentsJson: `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`,
    });
    assert.equal(await faultIn(nested(100), compile, patience), undefined);
    for (const levels of [1_000, 20_000])
      assert.match((await faultIn(nested(levels), compile, patience)) ?? '', /nest more than 240/);
  });

  it('without tools is what the original key has for none', () => {
    const { fingerprint, tokens } = sets.of([]);
    assert.equal(scopeKey('', fingerprint, ''), buildKey('', []));
    assert.equal(tokens(), 0);
  });

  it('counts a set anew once there is more than an estimate', async () => {
    const counter = new TokenCounter(encoding);
    const { tokens } = new ToolSets(counter).of([tool('read')]);
    const estimated = tokens();
    await counter.ready();
    assert.equal(tokens(), counter.text(JSON.stringify([tool('read')])));
    assert.notEqual(tokens(), estimated);
  });
});
