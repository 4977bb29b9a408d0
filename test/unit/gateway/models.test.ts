import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { resolveModel } from '../../../src/gateway/models';
import { defaults } from '../../../src/gateway/options';
import { readModels } from '../../../src/lingma/models';
import { assertCode, thrownBy } from '../../support/errors';

const models = readModels({
  chat: [
    { key: 'org_auto', displayName: 'Auto', isDefault: true },
    { key: 'kmodel', displayName: 'Kimi-K2.6' },
    { key: 'o3-mini', displayName: 'O3 Mini' },
    { key: 'a.b+c(d)[e]$', displayName: 'Odd^Name|{1}' },
    { key: 'Auto2', displayName: 'org_auto' },
  ],
});
const aliases = defaults.modelAliases;

const idOf = (name: string, table: Readonly<Record<string, string>> = aliases) =>
  resolveModel(name, models, table).id;

describe('gateway/models', () => {
  it('takes an id', () => {
    for (const { id } of models) assert.equal(idOf(id), id);
  });

  it('takes a display name, but an id first', () => {
    assert.equal(idOf('Kimi-K2.6'), 'kmodel');
    assert.equal(idOf('Odd^Name|{1}'), 'a.b+c(d)[e]$');
    assert.equal(idOf('org_auto'), 'org_auto');
  });

  it('takes one and the same model for a display name that two have', () => {
    const entries = ['kmodel-b', 'kmodel-a', 'kmodel-c'].map((key) => ({
      key,
      displayName: 'Kimi',
    }));
    const property = fc.property(
      fc.shuffledSubarray(entries, { minLength: 3 }),
      fc.shuffledSubarray(['assistant', 'chat', 'quest'], { minLength: 3 }),
      (shuffled, scenes) => {
        const listed = Object.fromEntries(scenes.map((scene, at) => [scene, [shuffled[at]]]));
        assert.equal(resolveModel('Kimi', readModels(listed), aliases).id, 'kmodel-a');
      },
    );
    fc.assert(property);
  });

  it('never lets an alias stand before an id or a display name', () => {
    assert.equal(idOf('o3-mini'), 'o3-mini');
    assert.equal(idOf('o3-mini', { 'o*': 'kmodel', '*': 'kmodel' }), 'o3-mini');
    assert.equal(idOf('O3 Mini', { '*': 'kmodel' }), 'o3-mini');
  });

  it('leads the usual names to the default model', () => {
    for (const name of ['gpt-5', 'claude-opus-4', 'o4-mini', 'gpt-', 'o']) {
      assert.equal(idOf(name), 'org_auto');
    }
  });

  it('takes the first alias that fits, in the order they are written', () => {
    assert.equal(idOf('gpt-5', { 'gpt-5': 'kmodel', 'gpt-*': 'default' }), 'kmodel');
    assert.equal(idOf('gpt-5', { 'gpt-*': 'default', 'gpt-5': 'kmodel' }), 'org_auto');
  });

  it('lets an alias point to an id or a display name', () => {
    assert.equal(idOf('x', { x: 'kmodel' }), 'kmodel');
    assert.equal(idOf('x', { x: 'Kimi-K2.6' }), 'kmodel');
  });

  it('does not follow an alias to an alias', () => {
    assertCode(
      thrownBy(() => idOf('x', { x: 'y', y: 'kmodel' })),
      'model_not_found',
    );
  });

  it('fits * to any text and ? to one character, and the whole name only', () => {
    const fits = (glob: string, name: string) => {
      try {
        return idOf(name, { [glob]: 'kmodel' }) === 'kmodel';
      } catch {
        return false;
      }
    };
    for (const [glob, name] of [
      ['*', ''],
      ['*', 'two\nlines'],
      ['a*c', 'ac'],
      ['a*c', 'abbc'],
      ['a?c', 'abc'],
      ['*-*-*', 'a-b-c'],
    ] as const) {
      assert.ok(fits(glob, name), `${glob} fits ${name}`);
    }
    for (const [glob, name] of [
      ['a?c', 'ac'],
      ['a*c', 'abcd'],
      ['gpt-*', 'my-gpt-5'],
      ['gpt', 'gpt-5'],
      ['GPT-*', 'gpt-5'],
      ['', 'a'],
    ] as const) {
      assert.ok(!fits(glob, name), `${glob} does not fit ${name}`);
    }
  });

  it('takes every other character of a glob as itself', () => {
    const literal = fc.string().filter((glob) => !/[*?]/.test(glob));
    fc.assert(
      fc.property(literal, literal, (glob, name) => {
        const resolve = () => resolveModel(name, [], { [glob]: 'default' });
        if (glob === name) assert.equal(resolve().id, 'lingma');
        else assertCode(thrownBy(resolve), 'model_not_found');
      }),
    );
    for (const glob of ['a.c', 'a+', '[abc]', '(a|b)', '^a$', '\\d', 'a{2}', 'a/b-c']) {
      assert.equal(idOf(glob, { [glob]: 'kmodel' }), 'kmodel');
    }
    assertCode(
      thrownBy(() => idOf('abc', { 'a.c': 'kmodel' })),
      'model_not_found',
    );
  });

  it('refuses an unknown name with every valid id', () => {
    for (const name of ['unknown', 'ORG_AUTO', ' org_auto', 'toString', '__proto__']) {
      const error = thrownBy(() => idOf(name));
      assertCode(error, 'model_not_found');
      assert.equal(error.status, 404);
      assert.equal(error.param, 'model');
      assert.ok(error.message.includes(`"${name}"`));
      for (const { id } of models) assert.ok(error.message.includes(id), id);
    }
  });

  it('refuses an alias to something unknown, and names both', () => {
    const error = thrownBy(() => idOf('gpt-5', { 'gpt-*': 'gone' }));
    assertCode(error, 'model_not_found');
    for (const text of ['gpt-*', 'gone', 'kmodel']) assert.ok(error.message.includes(text), text);
  });

  it('repeats no endless name', () => {
    const error = thrownBy(() => idOf('x'.repeat(100_000)));
    assert.ok(error.message.length < 1_000);
  });

  it('knows the default of a process that marks none', () => {
    const unmarked = readModels([
      { key: 'b', name: 'B' },
      { key: 'auto', name: 'A' },
    ]);
    assert.equal(resolveModel('gpt-5', unmarked, aliases).id, 'auto');
  });
});
