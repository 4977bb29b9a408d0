import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { defaultModel, type Model, modelKey, readModels } from '../../../src/lingma/models';

function model(change: Partial<Model> & { id: string }): Model {
  const { id } = change;
  return {
    name: id,
    scenes: [],
    reasoning: false,
    vision: undefined,
    defaultIn: [],
    ...change,
  };
}

const answer = {
  quest: [
    { key: 'kmodel', displayName: 'Kimi', isReasoning: false, isDefault: false, isVl: true },
    { key: 'org_auto', displayName: 'Auto', isDefault: true },
  ],
  chat: [
    { key: 'org_auto', displayName: 'Auto' },
    { key: 'thinker', displayName: 'Thinker', isReasoning: true, url: 'http://x', apiKey: 'k' },
  ],
};

describe('lingma/models', () => {
  describe('readModels', () => {
    it('lists every model of every scene once, sorted by id', () => {
      assert.deepEqual(readModels(answer), [
        model({ id: 'kmodel', name: 'Kimi', scenes: ['quest'], vision: true }),
        model({ id: 'org_auto', name: 'Auto', scenes: ['chat', 'quest'], defaultIn: ['quest'] }),
        model({ id: 'thinker', name: 'Thinker', scenes: ['chat'], reasoning: true }),
      ]);
    });

    it('knows of a model whether it sees, or that nobody said so', () => {
      const sees = (...entries: readonly object[]) =>
        readModels({ chat: entries.map((entry) => ({ key: 'm', displayName: 'M', ...entry })) });
      for (const [vision, ...entries] of [
        [true, { isVl: true }],
        [false, { isVl: false }],
        [undefined, {}],
        [undefined, { isVl: 'yes' }],
        [true, {}, { isVl: true }],
        [false, { isVl: false }, { isVl: true }],
      ] as const) {
        assert.deepEqual(sees(...entries), [
          model({ id: 'm', name: 'M', scenes: ['chat'], vision }),
        ]);
      }
    });

    it('never lets a secret through', () => {
      const secret = 'sk-secret';
      const entry = { key: 'm', displayName: 'M', url: secret, apiKey: secret, token: secret };
      const listed = readModels({ chat: [{ ...entry, model: { apiKey: secret } }] });
      assert.deepEqual(listed, [model({ id: 'm', name: 'M', scenes: ['chat'] })]);
      assert.ok(!JSON.stringify(listed).includes(secret));
    });

    it('falls back to one model when nothing is listed', () => {
      for (const nothing of [undefined, null, {}, [], { chat: [] }, 'text', 5, { id: 'u-1' }]) {
        assert.deepEqual(readModels(nothing), [
          model({ id: 'lingma', name: 'Lingma', defaultIn: [''] }),
        ]);
      }
    });

    const spellings: Record<string, object> = {
      'key and displayName': { key: 'm1', displayName: 'M 1' },
      'modelId and name': { modelId: 'm1', name: 'M 1' },
      'id and label': { id: 'm1', label: 'M 1' },
      'id and title': { id: 'm1', title: 'M 1' },
      'white space around': { id: ' m1\n', title: '  M 1 ' },
      'an empty key beside an id': { key: '', id: 'm1', displayName: ' ', name: 'M 1' },
      'the internal key before other ids': { id: 'uuid', key: 'm1', displayName: 'M 1' },
    };
    for (const [what, entry] of Object.entries(spellings)) {
      it(`reads ${what}`, () => {
        const [only, ...others] = readModels([entry]);
        assert.deepEqual([only?.id, only?.name, others], ['m1', 'M 1', []]);
      });
    }

    it('takes something without a name only if its id looks like a model', () => {
      const ids = ['qwen-max', 'kmodel', 'Auto', 'qwen3_CODER', 'user-1', 'device'];
      const listed = readModels({ chat: ids.map((id) => ({ id })) });
      assert.deepEqual(
        listed.map(({ id, name }) => [id, name]),
        ['Auto', 'kmodel', 'qwen-max', 'qwen3_CODER'].map((id) => [id, id]),
      );
    });

    it('finds models below wrappers, with the scene they stand in', () => {
      const wrapped = { result: { data: { inline: [{ key: 'm', name: 'M' }] } } };
      assert.deepEqual(readModels(wrapped), [model({ id: 'm', name: 'M', scenes: ['inline'] })]);
    });

    it("prefers an entry's own scene", () => {
      const listed = readModels({ chat: [{ key: 'm', name: 'M', scene: 'inline' }] });
      assert.deepEqual(listed[0]?.scenes, ['inline']);
    });

    it('takes flags only as booleans', () => {
      const odd = { key: 'm', name: 'M', isReasoning: 'false', isVl: 1, isDefault: 'true' };
      assert.deepEqual(readModels([odd]), [model({ id: 'm', name: 'M' })]);
    });

    it('the first of two entries with one id gives the name, in key order', () => {
      const entries = {
        quest: [{ key: 'm', name: 'of quest' }],
        assistant: [{ key: 'm', name: 'of assistant' }],
      };
      assert.deepEqual(
        readModels(entries).map(({ name }) => name),
        ['of assistant'],
      );
    });

    it('gives the same list whatever the order of keys', () => {
      const entry = fc.record({
        key: fc.constantFrom('a', 'b', 'c'),
        displayName: fc.constantFrom('A', 'B', 'same'),
        isDefault: fc.boolean(),
      });
      const scenes = fc.uniqueArray(
        fc.tuple(fc.constantFrom('chat', 'quest', 'inline', '1', '2'), fc.array(entry)),
        { selector: ([scene]) => scene },
      );
      const twice = scenes.chain((entries) =>
        fc.tuple(fc.constant(entries), fc.shuffledSubarray(entries, { minLength: entries.length })),
      );
      fc.assert(
        fc.property(twice, ([entries, shuffled]) => {
          const turned = shuffled.map(([scene, models]) => [
            scene,
            models.map((one) => Object.fromEntries(Object.entries(one).reverse())),
          ]);
          assert.deepEqual(
            readModels(Object.fromEntries(turned)),
            readModels(Object.fromEntries(entries)),
          );
        }),
      );
    });

    it('lists no id twice and always something, whatever it reads', () => {
      fc.assert(
        fc.property(fc.jsonValue(), (value) => {
          const ids = readModels(value).map(({ id }) => id);
          assert.deepEqual(ids, [...new Set(ids)].sort());
          assert.ok(ids.length > 0);
        }),
      );
    });
  });

  describe('defaultModel', () => {
    it('prefers the default of conversations to that of inline completion', () => {
      const listed = readModels({
        inline: [{ key: 'a_inline', displayName: 'Inline', isDefault: true }],
        chat: [
          { key: 'b_chat', displayName: 'B' },
          { key: 'z_chat', displayName: 'Z', isDefault: true },
        ],
      });
      assert.equal(defaultModel(listed).id, 'z_chat');
      const unmarked = listed.map((one) => ({ ...one, defaultIn: [] }));
      assert.equal(defaultModel(unmarked).id, 'b_chat');
    });

    it('is the one the process marks', () => {
      const listed = [model({ id: 'auto' }), model({ id: 'marked', defaultIn: ['chat'] })];
      assert.equal(defaultModel(listed).id, 'marked');
    });

    it('is a usual one when none is marked, best first', () => {
      const ids = ['dashscope_qwen3_coder_default', 'auto', 'org_auto', 'a'];
      const names = ids.map((_, taken) => {
        const left = ids.slice(0, ids.length - taken).reverse();
        return defaultModel(left.map((id) => model({ id }))).id;
      });
      assert.deepEqual(names, ['org_auto', 'org_auto', 'auto', 'dashscope_qwen3_coder_default']);
    });

    it('is the first when there is no usual one, and the fallback when there is none', () => {
      assert.equal(defaultModel([model({ id: 'x' }), model({ id: 'y' })]).id, 'x');
      assert.equal(defaultModel([]).id, 'lingma');
    });
  });

  describe('modelKey', () => {
    it("is the model's id, but nothing for the fallback", () => {
      assert.equal(modelKey(model({ id: 'org_auto' })), 'org_auto');
      assert.equal(modelKey(defaultModel(readModels({}))), '');
    });

    it('is the id of a model that really is called like the fallback', () => {
      assert.equal(modelKey(defaultModel(readModels([{ key: 'lingma', name: 'L' }]))), 'lingma');
    });
  });
});
