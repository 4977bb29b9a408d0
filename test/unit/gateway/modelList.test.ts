import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { resolveTarget } from '../../../src/gateway/askMode';
import { listedModel, listModels } from '../../../src/gateway/modelList';
import { defaults } from '../../../src/gateway/options';
import { readModels } from '../../../src/lingma/models';
import { assertCode, thrownBy } from '../../support/errors';

const models = readModels({
  chat: [
    { key: 'org_auto', displayName: 'Auto', isDefault: true },
    { key: 'kmodel', displayName: 'Kimi-K2.6' },
  ],
});
const own = models.map(({ id }) => id);
const modelAliases = {
  'my-*': 'kmodel',
  'my-coder': 'default',
  fast: 'Kimi-K2.6',
  gone: 'nobody',
};
const rules = { modelAliases, askMode: 'chat' } as const;
const idsOf = (aliases: Readonly<Record<string, string>>) =>
  listModels(models, { ...rules, modelAliases: aliases }).map(({ id }) => id);

describe('gateway/modelList', () => {
  it('has the models, then the agent and the aliases that are names and lead somewhere', () => {
    assert.deepEqual(idsOf(modelAliases), [...own, 'fast', 'lingma-agent', 'my-coder']);
    assert.deepEqual(idsOf(defaults.modelAliases), [...own, 'lingma-agent']);
    assert.deepEqual(idsOf({ kmodel: 'org_auto' }), [...own, 'lingma-agent']);
  });

  it('says of every name what a turn would get', () => {
    for (const { id, aliasOf } of listModels(models, rules)) {
      assert.equal(aliasOf ?? id, resolveTarget(id, models, modelAliases, 'chat').model.id);
    }
  });

  it('gives one by any name that a turn may use, as its answers bear it', () => {
    const found = (name: string) => {
      const { id, aliasOf } = listedModel(name, models, rules);
      return [id, aliasOf];
    };
    assert.deepEqual(found('kmodel'), ['kmodel', undefined]);
    assert.deepEqual(found('Kimi-K2.6'), ['kmodel', undefined]);
    assert.deepEqual(found('my-other'), ['kmodel', undefined]);
    assert.deepEqual(found('fast'), ['fast', 'kmodel']);
    assert.deepEqual(found('lingma-agent'), ['lingma-agent', 'org_auto']);
    assert.deepEqual(found('my-other@agent'), ['kmodel@agent', 'kmodel']);
    for (const name of ['gone', 'nobody']) {
      assertCode(
        thrownBy(() => found(name)),
        'model_not_found',
      );
    }
  });
});
