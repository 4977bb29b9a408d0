import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import {
  FileChanged,
  fingerprint,
  modeFor,
  readFound,
  textOf,
  writeWhole,
} from '../../../../src/vscode/setup/files';
import { undo } from '../../../../src/vscode/setup/undo';
import { type SetupRecord, UndoStore } from '../../../../src/vscode/setup/undoStore';
import { useTempDirs } from '../../../support/tempDir';

const mode = (file: string): number => statSync(file).mode & 0o777;

describe('configuration files', () => {
  const folder = useTempDirs();

  it('are written whole, with the folders on the way and nothing beside them', async () => {
    const file = path.join(folder(), 'a', 'b', 'settings.json');
    await writeWhole(file, 'one', 0o600);
    await writeWhole(file, 'two', 0o600);
    assert.equal(readFileSync(file, 'utf8'), 'two');
    assert.deepEqual(readdirSync(path.dirname(file)), ['settings.json']);
  });

  it('get exactly the mode that was asked for, whatever they had', async () => {
    const file = path.join(folder(), 'settings.json');
    writeFileSync(file, 'x');
    chmodSync(file, 0o644);
    await writeWhole(file, 'y', 0o600);
    assert.equal(mode(file), 0o600);
    await writeWhole(file, 'z', 0o664);
    assert.equal(mode(file), 0o664);
  });

  it('are for the user alone when they hold the key, and never wider than they were', () => {
    assert.equal(modeFor(true, undefined), 0o600);
    assert.equal(modeFor(true, 0o644), 0o600);
    assert.equal(modeFor(true, 0o400), 0o400);
    assert.equal(modeFor(true, 0o044), 0o600);
    assert.equal(modeFor(false, 0o640), 0o640);
    assert.equal(modeFor(false, undefined), 0o644);
  });

  it('are changed where a link leads, which stays a link', async () => {
    const home = folder();
    mkdirSync(path.join(home, 'dotfiles'));
    const real = path.join(home, 'dotfiles', 'real.json');
    const link = path.join(home, 'settings.json');
    symlinkSync(path.join('dotfiles', 'real.json'), link);
    const missing = await readFound(link);
    assert.deepEqual(missing, { path: real, bytes: null, mode: undefined });
    await writeWhole(missing.path, '{}', 0o600);
    const there = await readFound(link);
    assert.equal(there.path, real);
    assert.equal(there.bytes?.toString(), '{}');
    assert.ok(lstatSync(link).isSymbolicLink());
  });

  it('leave the old file and no other behind when they cannot be written', async () => {
    const home = folder();
    const blocked = path.join(home, 'settings.json');
    mkdirSync(path.join(blocked, 'not-empty'), { recursive: true });
    await assert.rejects(writeWhole(blocked, 'x', 0o600));
    assert.deepEqual(readdirSync(home), ['settings.json']);
  });

  it('are not waited for when they are pipes, and nothing but files is read', async () => {
    const home = folder();
    const pipe = path.join(home, '.env');
    execFileSync('mkfifo', [pipe]);
    await assert.rejects(readFound(pipe), /no ordinary file/);
    await assert.rejects(readFound(home), /no ordinary file/);
  });

  it('are left alone when they are larger than any configuration', async () => {
    const file = path.join(folder(), 'settings.json');
    writeFileSync(file, '');
    truncateSync(file, 17 * 1024 * 1024);
    await assert.rejects(readFound(file), /too large/);
  });

  it('are left alone when they are read-only', async () => {
    const file = path.join(folder(), 'settings.json');
    writeFileSync(file, 'mine');
    chmodSync(file, 0o444);
    await assert.rejects(writeWhole(file, 'ours', 0o400), /read-only/);
    assert.equal(readFileSync(file, 'utf8'), 'mine');
    assert.deepEqual(readdirSync(path.dirname(file)), ['settings.json']);
  });

  it('are not replaced when somebody has written them in the meantime', async () => {
    const file = path.join(folder(), 'settings.json');
    writeFileSync(file, 'one');
    const { bytes } = await readFound(file);
    writeFileSync(file, 'two');
    const replaces = fingerprint(bytes);
    await assert.rejects(writeWhole(file, 'ours', 0o600, { replaces }), FileChanged);
    assert.equal(readFileSync(file, 'utf8'), 'two');
    assert.deepEqual(readdirSync(path.dirname(file)), ['settings.json']);
    await writeWhole(file, 'ours', 0o600, { replaces: fingerprint(Buffer.from('two')) });
    assert.equal(readFileSync(file, 'utf8'), 'ours');
  });

  it('are text only when every byte is UTF-8', () => {
    assert.equal(textOf(Buffer.from('\uFEFFä', 'utf8')), '\uFEFFä');
    assert.equal(textOf(Buffer.from([0xff, 0xfe, 0x41, 0])), undefined);
  });
});

describe('undoing a set-up', () => {
  const folder = useTempDirs();

  /** Does what connecting a client does. */
  async function change(
    store: UndoStore,
    file: string,
    after: string,
    atMs = 1,
  ): Promise<SetupRecord> {
    const found = await readFound(file);
    const record = await store.add({
      title: 'Client',
      path: found.path,
      atMs,
      before: found.bytes,
      mode: found.mode,
      after: Buffer.from(after),
    });
    await writeWhole(found.path, after, modeFor(true, found.mode));
    return record;
  }

  it('brings back every byte and the mode', async () => {
    const home = folder();
    const store = new UndoStore(path.join(home, 'storage'));
    const file = path.join(home, 'settings.json');
    const before = Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d, 0x0d, 0x0a]);
    writeFileSync(file, before);
    chmodSync(file, 0o640);
    const record = await change(store, file, '{"a":1}');
    assert.equal(mode(file), 0o600);
    assert.deepEqual(await undo(record, store), { kind: 'restored' });
    assert.deepEqual(readFileSync(file), before);
    assert.equal(mode(file), 0o640);
    assert.deepEqual(await store.list(), []);
  });

  it('removes a file that was not there', async () => {
    const home = folder();
    const store = new UndoStore(path.join(home, 'storage'));
    const file = path.join(home, 'settings.json');
    await change(store, file, '{}');
    const [record] = await new UndoStore(path.join(home, 'storage')).list();
    assert.ok(record);
    await undo(record, store);
    assert.ok(!existsSync(file));
  });

  it('asks when somebody has changed the file since', async () => {
    const home = folder();
    const store = new UndoStore(path.join(home, 'storage'));
    const file = path.join(home, 'settings.json');
    writeFileSync(file, 'before');
    const record = await change(store, file, 'ours');
    writeFileSync(file, 'theirs');
    const outcome = await undo(record, store);
    assert.equal(outcome.kind, 'changed');
    assert.equal(outcome.found.bytes?.toString(), 'theirs');
    assert.equal(readFileSync(file, 'utf8'), 'theirs');
    assert.equal((await store.list()).length, 1);
    // What the user agreed to lose was something else.
    writeFileSync(file, 'theirs, later');
    const again = await undo(record, store, fingerprint(outcome.found.bytes));
    assert.equal(again.kind, 'changed');
    assert.equal(readFileSync(file, 'utf8'), 'theirs, later');
    await undo(record, store, fingerprint(again.found.bytes));
    assert.equal(readFileSync(file, 'utf8'), 'before');
  });

  it('has nothing to ask when the file is back already', async () => {
    const home = folder();
    const store = new UndoStore(path.join(home, 'storage'));
    const file = path.join(home, 'settings.json');
    writeFileSync(file, 'before');
    const record = await change(store, file, 'ours');
    writeFileSync(file, 'before');
    assert.deepEqual(await undo(record, store), { kind: 'restored' });
  });

  it('takes two changes of a file back, one after the other', async () => {
    const home = folder();
    const store = new UndoStore(path.join(home, 'storage'));
    const file = path.join(home, 'settings.json');
    writeFileSync(file, 'zero');
    await change(store, file, 'one', 1);
    await change(store, file, 'two', 2);
    for (const wanted of ['one', 'zero']) {
      const [latest] = await store.list();
      assert.ok(latest);
      assert.deepEqual(await undo(latest, store), { kind: 'restored' });
      assert.equal(readFileSync(file, 'utf8'), wanted);
    }
  });

  it('keeps what it holds for the user alone, and not for ever', async () => {
    const home = folder();
    const storage = path.join(home, 'storage');
    const store = new UndoStore(storage);
    const file = path.join(home, 'settings.json');
    for (let at = 1; at <= 23; at++) await change(store, file, `text ${at}`, at);
    const records = await store.list();
    assert.equal(records.length, 20);
    assert.equal(records[0]?.atMs, 23);
    assert.equal(records[0].after, fingerprint(Buffer.from('text 23')));
    assert.equal(mode(storage), 0o700);
    for (const name of readdirSync(storage)) assert.equal(mode(path.join(storage, name)), 0o600);
  });

  it('leaves out records that cannot be read', async () => {
    const storage = folder();
    writeFileSync(path.join(storage, '000000000000001-00000000.json'), '{"title": 1}');
    writeFileSync(path.join(storage, '000000000000002-00000000.json'), '{');
    assert.deepEqual(await new UndoStore(storage).list(), []);
  });
});
