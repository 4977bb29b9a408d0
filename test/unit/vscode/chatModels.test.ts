import assert from 'node:assert/strict';
import {
  chatInformation,
  knownModels,
  modelSource,
  readKnownModels,
  STAND_IN,
} from '../../../src/vscode/chatModels';
import { instance, snapshot, t } from './support';

describe('models in VS Code', () => {
  it('are known by their id and can be told apart from the demo', () => {
    const real = chatInformation({ id: 'kmodel', name: 'Kimi' }, undefined, t);
    assert.equal(real.id, 'kmodel');
    assert.equal(real.family, 'kmodel');
    assert.equal(real.name, 'Kimi');
    assert.ok(!('detail' in real));
    for (const [note, detail, says] of [
      ['demo', 'demo', /no Lingma was found/],
      ['notRunning', 'not running', /starts with the first question/],
    ] as const) {
      const noted = chatInformation({ id: 'kmodel', name: 'Kimi' }, note, t);
      assert.equal(noted.detail, detail);
      assert.match(noted.tooltip ?? '', says);
    }
  });

  it('take images unless Lingma says that they do not', () => {
    const imageInput = (vision?: boolean) =>
      chatInformation({ id: 'm', name: 'M', vision }, undefined, t).capabilities.imageInput;
    assert.deepEqual([imageInput(), imageInput(true), imageInput(false)], [true, true, false]);
  });

  it('are known again in the next window, and one stands in for them before', () => {
    const models = [
      { id: 'a', name: 'A', vision: undefined, scenes: ['chat'] },
      { id: 'b', name: 'B', vision: false, scenes: [] },
    ];
    const stored: unknown = JSON.parse(JSON.stringify(knownModels(models)));
    assert.deepEqual(stored, [
      { id: 'a', name: 'A' },
      { id: 'b', name: 'B', vision: false },
    ]);
    assert.deepEqual(readKnownModels(stored), knownModels(models));
    assert.deepEqual(readKnownModels([{ id: 'a', name: 7 }, 'b', stored]), [STAND_IN]);
    assert.deepEqual(readKnownModels(undefined), [STAND_IN]);
  });

  it('may have changed with the processes behind them, not with every number', () => {
    const ready = (...instances: ReturnType<typeof instance>[]) =>
      modelSource({ kind: 'ready', role: 'leader', snapshot: snapshot({ instances }) });
    const one = ready(instance());
    assert.notEqual(one, '');
    assert.equal(ready(instance({ inFlight: 3, pinnedSessions: 2 })), one);
    assert.notEqual(ready(instance({ incarnation: 2 })), one);
    assert.notEqual(ready(instance(), instance({ id: 'lingma-2' })), one);
    assert.equal(ready(instance(), instance({ id: 'lingma-2', state: 'starting' })), one);
    assert.equal(modelSource({ kind: 'starting', snapshot: snapshot() }), '');
    assert.equal(modelSource({ kind: 'stopped' }), '');
  });
});
