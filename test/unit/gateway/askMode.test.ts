import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { resolveTarget } from '../../../src/gateway/askMode';
import { defaults } from '../../../src/gateway/options';
import { readModels } from '../../../src/lingma/models';
import { assertCode, thrownBy } from '../../support/errors';

const models = readModels({
  chat: [
    { key: 'org_auto', displayName: 'Auto', isDefault: true },
    { key: 'kmodel', displayName: 'Kimi' },
    { key: 'odd@agent', displayName: 'Odd' },
  ],
});

const target = (name: string, defaultMode: 'chat' | 'agent' = 'chat') => {
  const found = resolveTarget(name, models, defaults.modelAliases, defaultMode);
  return [found.model.id, found.mode, found.name];
};

describe('gateway/askMode', () => {
  it('is the setting for a model alone', () => {
    assert.deepEqual(target('kmodel'), ['kmodel', 'chat', 'kmodel']);
    assert.deepEqual(target('kmodel', 'agent'), ['kmodel', 'agent', 'kmodel']);
  });

  it('comes behind the name of a model, or of an alias', () => {
    assert.deepEqual(target('kmodel@agent'), ['kmodel', 'agent', 'kmodel@agent']);
    assert.deepEqual(target('Kimi@agent'), ['kmodel', 'agent', 'kmodel@agent']);
    assert.deepEqual(target('claude-x@agent'), ['org_auto', 'agent', 'org_auto@agent']);
    assert.deepEqual(target('kmodel@chat', 'agent'), ['kmodel', 'chat', 'kmodel@chat']);
    assert.deepEqual(target('kmodel@chat'), ['kmodel', 'chat', 'kmodel']);
  });

  it('is the agent for two names that mean the default model', () => {
    for (const name of ['agent', 'lingma-agent']) {
      assert.deepEqual(target(name), ['org_auto', 'agent', 'org_auto@agent']);
    }
  });

  it('is not read out of the very name of a model', () => {
    assert.deepEqual(target('odd@agent'), ['odd@agent', 'chat', 'odd@agent']);
    assert.deepEqual(target('odd@agent@agent'), ['odd@agent', 'agent', 'odd@agent@agent']);
  });

  it('gives a name that means the same again', () => {
    for (const name of ['kmodel', 'kmodel@agent', 'agent', 'odd@agent', 'odd@agent@agent']) {
      for (const mode of ['chat', 'agent'] as const) {
        const [id, asked, again] = target(name, mode);
        assert.deepEqual(target(String(again), mode), [id, asked, again]);
      }
    }
  });

  it('does not help a model that is unknown', () => {
    for (const name of ['nothing@agent', 'kmodel@edit', '@agent', 'kmodel@']) {
      assertCode(
        thrownBy(() => target(name)),
        'model_not_found',
      );
    }
  });
});
