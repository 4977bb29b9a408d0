import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lookout } from '../../../../src/vscode/windows/lookout';

describe('the lookout', () => {
  it('never looks twice at a time, also when it is ended and begun during a look', async () => {
    let looks = 0;
    let running = 0;
    let most = 0;
    const lookout = new Lookout(async () => {
      looks++;
      most = Math.max(most, ++running);
      // As a start does that the look itself has brought about, and that fails.
      lookout.dispose();
      lookout.watch(5);
      await sleep(8);
      running--;
    });
    lookout.watch(5);
    while (looks < 3) await sleep(5);
    lookout.dispose();
    const seen = looks;
    assert.equal(most, 1);
    await sleep(40);
    assert.equal(looks, seen, 'it looks after its end');
  });
});
