import assert from 'node:assert/strict';
import { chatInformation, modelSource } from '../../../src/vscode/chatModels';
import { instance, snapshot, t } from './support';

describe('models in VS Code', () => {
  it('are known by their id and can be told apart from the demo', () => {
    const real = chatInformation({ id: 'kmodel', name: 'Kimi' }, false, t);
    assert.equal(real.id, 'kmodel');
    assert.equal(real.family, 'kmodel');
    assert.equal(real.name, 'Kimi');
    assert.ok(!('detail' in real));
    assert.equal(chatInformation({ id: 'kmodel', name: 'Kimi' }, true, t).detail, 'demo');
  });

  it('take images unless Lingma says that they do not', () => {
    const imageInput = (vision?: boolean) =>
      chatInformation({ id: 'm', name: 'M', vision }, false, t).capabilities.imageInput;
    assert.deepEqual([imageInput(), imageInput(true), imageInput(false)], [true, true, false]);
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
