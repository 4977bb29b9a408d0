import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { ClientKeys, type KeyKeeper, type KeyRecord } from '../../../src/gateway/clientKeys';
import { newRecord } from '../../support/clientKeys';
import { assertCode, rejectionOf } from '../../support/errors';
import { ManualClock } from '../../support/manualClock';

/** Keeps keys in a list, as an editor does. */
class Keeper implements KeyKeeper {
  kept: KeyRecord[] = [];
  failing = false;

  async keep(record: KeyRecord): Promise<void> {
    await Promise.resolve();
    if (this.failing) throw new Error('locked');
    this.kept.push(record);
  }

  async forget({ digest }: KeyRecord): Promise<void> {
    await Promise.resolve();
    this.kept = this.kept.filter((record) => record.digest !== digest);
  }

  used(): void {
    // Only the store writes times down.
  }
}

describe('the clients of a gateway that runs', () => {
  function begin() {
    const keeper = new Keeper();
    const gone: string[] = [];
    const keys = new ClientKeys({
      ownerKey: 'owner-key',
      clientKeys: [{ name: 'first', key: 'first-key' }],
      keeper,
      clock: new ManualClock(),
      onRevoked: ({ name }) => gone.push(name),
    });
    return { keeper, gone, keys, names: () => keys.list().map(({ name }) => name) };
  }

  it('are kept where keys outlive it, and nobody is let in who cannot be kept', async () => {
    const { keeper, keys, names } = begin();
    const { key, ...record } = await keys.create('ci');
    assert.deepEqual(keeper.kept, [record]);
    assert.equal(keys.ring.identify(key)?.name, 'ci');
    keeper.failing = true;
    await assert.rejects(keys.create('unlucky'), /locked/);
    assert.deepEqual(names(), ['first', 'ci']);
    keeper.failing = false;
    await keys.create('unlucky');
  });

  it('are not kept when they are revoked before they are written down', async () => {
    const { keeper, keys, names } = begin();
    let write = (): void => undefined;
    const written = new Promise<void>((resolve) => (write = resolve));
    keeper.keep = async (record) => {
      await written;
      keeper.kept.push(record);
    };
    const unlucky = rejectionOf(keys.create('ci'));
    await keys.revoke('ci');
    write();
    assertCode(await unlucky, 'invalid_request');
    assert.deepEqual(keeper.kept, []);
    assert.deepEqual(names(), ['first']);
  });

  it('do not take the next one of their name with them', async () => {
    const { keeper, keys, names } = begin();
    let fail = (): void => undefined;
    keeper.keep = () =>
      new Promise((_, reject) => {
        fail = () => {
          reject(new Error('locked'));
        };
      });
    const first = assert.rejects(keys.create('ci'), /locked/);
    const failFirst = fail;
    await keys.revoke('ci');
    keeper.keep = () => Promise.resolve();
    const second = await keys.create('ci');
    failFirst();
    await first;
    assert.deepEqual(names(), ['first', 'ci']);
    assert.equal(keys.ring.identify(second.key)?.name, 'ci');
  });

  it('stay when an older list is taken over, until a newer one leaves them out', async () => {
    const { keeper, keys, names, gone } = begin();
    const older = [...keeper.kept];
    await keys.create('ci');
    const newer = [...keeper.kept];
    keys.replace(older);
    assert.deepEqual(names(), ['ci'], 'the one that was made since stays');
    keys.replace(newer);
    keys.replace(older);
    assert.deepEqual(names(), []);
    assert.deepEqual(gone, ['first', 'ci']);
    keys.replace(newer);
    assert.deepEqual(names(), ['ci']);
  });

  it('are let in from a list in which somebody else has the name of a new one', async () => {
    const { keys, names } = begin();
    const { key, ...ours } = await keys.create('ci');
    const [theirs, another] = [newRecord('ci'), newRecord('another')];
    keys.replace([theirs, { ...ours, name: 'ci 2' }, another]);
    assert.deepEqual(names(), ['ci', 'ci 2', 'another']);
    assert.equal(keys.ring.identify(key)?.name, 'ci');
    keys.replace([theirs, another]);
    assert.deepEqual(names(), ['ci 2', 'another']);
  });

  it('are not let in again once they are revoked', async () => {
    const { keeper, keys, names } = begin();
    const { key, ...record } = await keys.create('ci');
    const older = [...keeper.kept];
    await keys.revoke('ci');
    assert.deepEqual(keeper.kept, []);
    keys.replace(older);
    assert.equal(keys.ring.identify(key), undefined);
    assertCode(await rejectionOf(keys.admit(record)), 'invalid_request');
    assert.deepEqual(names(), []);
    assert.deepEqual((await keys.create('ci')).name, 'ci', 'the name is free again');
  });

  it('are let in once, however often that is asked', async () => {
    const { keeper, keys, names } = begin();
    const record = newRecord('ci');
    await keys.admit(record);
    await keys.admit(record);
    assert.deepEqual(names(), ['first', 'ci']);
    assert.equal(keeper.kept.length, 1);
  });
});
