import assert from 'node:assert/strict';
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';
import { FileChanged } from '../../../../src/vscode/setup/files';
import { holdersOf, replaceKey } from '../../../../src/vscode/setup/rekey';
import { undo } from '../../../../src/vscode/setup/undo';
import { UndoStore } from '../../../../src/vscode/setup/undoStore';
import { useTempDirs } from '../../../support/tempDir';

const OLD = 'the-old-key_0123456789';
const NEW = 'the-new-key_$&_9876543';

describe('a new key in the files of connected clients', () => {
  const tempDir = useTempDirs();

  /** A client's file as the set-up has left it. */
  async function connected(store: UndoStore, name: string, text: string): Promise<string> {
    const file = path.join(tempDir(), name);
    writeFileSync(file, text, { mode: 0o600 });
    await store.add({
      title: name,
      path: file,
      atMs: Date.now(),
      before: Buffer.from('before'),
      mode: 0o600,
      after: Buffer.from(text),
    });
    return file;
  }

  it('replaces the old one, changes nothing else, and can still be undone', async () => {
    const store = new UndoStore(path.join(tempDir(), 'setups'));
    const file = await connected(store, 'a.json', `{"key": "${OLD}", // mine\n "again":"${OLD}"}`);
    await connected(store, 'b.json', '{"key": "of somebody else"}');
    const holders = await holdersOf(OLD, store);
    assert.deepEqual(
      holders.map(({ record }) => record.path),
      [file],
    );
    for (const holder of holders) await replaceKey(holder, OLD, NEW, store);
    assert.equal(readFileSync(file, 'utf8'), `{"key": "${NEW}", // mine\n "again":"${NEW}"}`);
    if (process.platform !== 'win32') assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.deepEqual(await holdersOf(OLD, store), []);
    const record = (await store.list()).find((one) => one.path === file);
    assert.ok(record);
    assert.equal((await undo(record, store)).kind, 'restored');
    assert.equal(readFileSync(file, 'utf8'), 'before');
  });

  it('names a file once, however often it was set up, and leaves out what is gone', async () => {
    const store = new UndoStore(path.join(tempDir(), 'setups'));
    const file = await connected(store, 'a.json', OLD);
    const again = { title: 'a.json', path: file, before: null, mode: undefined };
    await store.add({ ...again, atMs: Date.now() + 1, after: Buffer.from(OLD) });
    await store.add({ ...again, path: `${file}.gone`, atMs: 1, after: Buffer.from(OLD) });
    assert.equal((await holdersOf(OLD, store)).length, 1);
  });

  it('does not write over what somebody has changed meanwhile', async () => {
    const store = new UndoStore(path.join(tempDir(), 'setups'));
    const file = await connected(store, 'a.json', OLD);
    const [holder] = await holdersOf(OLD, store);
    assert.ok(holder);
    writeFileSync(file, 'mine now');
    await assert.rejects(replaceKey(holder, OLD, NEW, store), FileChanged);
    assert.equal(readFileSync(file, 'utf8'), 'mine now');
  });
});
