import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs, {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { describe, it } from 'mocha';
import { makePrivate, WorkDir } from '../../../src/lingma/workDir';
import { assertCode, rejectionOf, thrownBy } from '../../support/errors';
import { useTempDirs } from '../../support/tempDir';

const modeOf = (file: string) => statSync(file).mode & 0o777;
const lockOf = (folder: string) => path.join(folder, 'gateway.lock');

function patchFs(readFile: typeof fs.readFileSync): void {
  fs.readFileSync = readFile;
  // Named imports of built-in modules are copies.
  syncBuiltinESMExports();
}

/** The id of a process that has ended. */
function deadPid(): number {
  return spawnSync(process.execPath, ['-e', '']).pid;
}

function assertUnusable(action: () => unknown, folder: string, reason: RegExp): void {
  const error = thrownBy(action);
  assertCode(error, 'work_dir_unusable');
  assert.equal(error.status, 503);
  assert.ok(error.message.includes(folder), error.message);
  assert.match(error.message, reason);
  assert.match(error.message, /--work-dir/);
}

describe('lingma/workDir', () => {
  const tempDir = useTempDirs();
  const fresh = () => path.join(tempDir(), 'work');

  it('claims a folder that is not there yet, private and marked with our process', () => {
    const folder = fresh();
    const workDir = WorkDir.claim(folder, 'fail');
    assert.equal(workDir.path, folder);
    assert.equal(modeOf(folder), 0o700);
    assert.equal(modeOf(lockOf(folder)), 0o600);
    assert.equal(readFileSync(lockOf(folder), 'utf8'), String(process.pid));
  });

  it('fails when a living gateway holds it, and names that', () => {
    const folder = fresh();
    WorkDir.claim(folder, 'fail');
    const error = thrownBy(() => WorkDir.claim(folder, 'fail'));
    assertCode(error, 'work_dir_in_use');
    assert.ok(error.message.includes(folder));
    assert.ok(error.message.includes(String(process.pid)));
  });

  it('fails when the holder belongs to somebody else', () => {
    const folder = fresh();
    mkdirSync(folder);
    writeFileSync(lockOf(folder), '1');
    assertCode(
      thrownBy(() => WorkDir.claim(folder, 'fail')),
      'work_dir_in_use',
    );
  });

  it('takes the next free sibling when asked to', () => {
    const folder = fresh();
    const claimed = [1, 2, 3].map(() => WorkDir.claim(folder, 'next'));
    assert.deepEqual(
      claimed.map((workDir) => workDir.path),
      [folder, `${folder}-2`, `${folder}-3`],
    );
    claimed[1]?.release();
    assert.equal(WorkDir.claim(folder, 'next').path, `${folder}-2`);
  });

  it('gives up on siblings some time', () => {
    const folder = fresh();
    for (let count = 0; count < 64; count++) WorkDir.claim(folder, 'next');
    assertCode(
      thrownBy(() => WorkDir.claim(folder, 'next')),
      'work_dir_in_use',
    );
  });

  const stale = {
    'a dead process': deadPid,
    nothing: () => '',
    rubbish: () => 'x\0',
    zero: () => 0,
  };
  for (const [what, holder] of Object.entries(stale)) {
    it(`takes over a lock that names ${what}`, () => {
      const folder = fresh();
      mkdirSync(folder);
      writeFileSync(lockOf(folder), String(holder()));
      assert.equal(WorkDir.claim(folder, 'fail').path, folder);
      assert.equal(readFileSync(lockOf(folder), 'utf8'), String(process.pid));
      assertCode(
        thrownBy(() => WorkDir.claim(folder, 'fail')),
        'work_dir_in_use',
      );
    });
  }

  it('a lock renewed between the look at it and the grip for it stays with its holder', () => {
    const folder = fresh();
    mkdirSync(folder);
    writeFileSync(lockOf(folder), String(deadPid()));
    const read = fs.readFileSync;
    // Another gateway takes the stale lock over right after we have read it.
    patchFs(((...parameters: Parameters<typeof read>) => {
      const content = read(...parameters);
      patchFs(read);
      rmSync(lockOf(folder));
      writeFileSync(lockOf(folder), '1');
      return content;
    }) as typeof read);
    try {
      const error = thrownBy(() => WorkDir.claim(folder, 'fail'));
      assertCode(error, 'work_dir_in_use');
      assert.match(error.message, /process 1\)/);
    } finally {
      patchFs(read);
    }
    assert.equal(readFileSync(lockOf(folder), 'utf8'), '1');
    assert.deepEqual(readdirSync(folder), ['gateway.lock']);
  });

  const soon = (folder: string, patienceMs: number, signal = new AbortController().signal) =>
    WorkDir.claimSoon(folder, { conflict: 'next', patienceMs, signal });

  it('is waited for while its holder is about to go', async () => {
    const folder = fresh();
    const before = WorkDir.claim(folder, 'fail');
    const next = soon(folder, 5_000);
    setTimeout(() => {
      before.release();
    }, 120);
    assert.equal((await next).path, folder);
  });

  it('is not waited for longer than that', async () => {
    const folder = fresh();
    WorkDir.claim(folder, 'fail');
    assert.equal((await soon(folder, 120)).path, `${folder}-2`);
    assert.equal((await soon(folder, 0)).path, `${folder}-3`);
  });

  it('is not claimed by who has given up waiting', async () => {
    const folder = fresh();
    WorkDir.claim(folder, 'fail');
    const abort = new AbortController();
    const waiting = soon(folder, 5_000, abort.signal);
    abort.abort();
    assertCode(await rejectionOf(waiting), 'stopping');
    assert.deepEqual(readdirSync(path.dirname(folder)), [path.basename(folder)]);
  });

  it('is free again after its release', () => {
    const folder = fresh();
    WorkDir.claim(folder, 'fail').release();
    assert.equal(WorkDir.claim(folder, 'fail').path, folder);
  });

  it("a second release does not free somebody else's claim", () => {
    const folder = fresh();
    const first = WorkDir.claim(folder, 'fail');
    first.release();
    WorkDir.claim(folder, 'fail');
    first.release();
    assertCode(
      thrownBy(() => WorkDir.claim(folder, 'fail')),
      'work_dir_in_use',
    );
  });

  it('gives each instance a private folder of its own', () => {
    const workDir = WorkDir.claim(fresh(), 'fail');
    const folders = ['lingma-1', 'lingma-2'].map((id) => workDir.instanceFolder(id));
    assert.deepEqual(
      folders,
      ['lingma-1', 'lingma-2'].map((id) => path.join(workDir.path, id)),
    );
    assert.deepEqual(folders.map(modeOf), [0o700, 0o700]);
    assert.equal(workDir.instanceFolder('lingma-1'), folders[0]);
  });

  it('closes folders of our own to other users, and leaves those of the user as they are', () => {
    if (process.platform === 'win32') return;
    const made = fresh();
    assert.equal(WorkDir.claim(made, 'fail').open, false);
    const theirs = fresh();
    mkdirSync(theirs);
    chmodSync(theirs, 0o755);
    const named = WorkDir.claim(theirs, 'fail');
    assert.deepEqual([named.open, modeOf(theirs)], [true, 0o755]);
    // What we make in there is ours all the same.
    mkdirSync(path.join(theirs, 'lingma-1'));
    chmodSync(path.join(theirs, 'lingma-1'), 0o777);
    assert.equal(modeOf(named.instanceFolder('lingma-1')), 0o700);
    const ours = fresh();
    mkdirSync(ours);
    chmodSync(ours, 0o755);
    const taken = WorkDir.claim(ours, 'next');
    assert.deepEqual([taken.open, modeOf(ours)], [false, 0o700]);
  });

  it('closes folders of our own also when it has waited for them', async () => {
    if (process.platform === 'win32') return;
    const ours = fresh();
    mkdirSync(ours);
    chmodSync(ours, 0o755);
    const { open } = await soon(ours, 5_000);
    assert.deepEqual([open, modeOf(ours)], [false, 0o700]);
  });

  it('is absolute, however it was named', () => {
    const folder = fresh();
    const workDir = WorkDir.claim(path.relative(process.cwd(), folder), 'fail');
    assert.equal(workDir.path, folder);
  });

  it('a folder that cannot be written is told as such, not as in use', function () {
    const parent = tempDir();
    if (process.getuid?.() === 0) {
      // Root may write anywhere; a file in the folder's place is the same trouble.
      writeFileSync(path.join(parent, 'work'), '');
    } else {
      chmodSync(parent, 0o500);
    }
    const folder = path.join(parent, 'work');
    for (const conflict of ['fail', 'next'] as const) {
      assertUnusable(() => WorkDir.claim(folder, conflict), folder, /EEXIST|EACCES/);
    }
  });

  it('neither can a folder below a file be used, nor one where a file is in the way', () => {
    const workDir = WorkDir.claim(fresh(), 'fail');
    const file = path.join(workDir.path, 'lingma-1');
    writeFileSync(file, '');
    const below = path.join(file, 'below');
    assertUnusable(() => WorkDir.claim(below, 'fail'), below, /ENOTDIR/);
    assertUnusable(() => workDir.instanceFolder('lingma-1'), file, /EEXIST/);
  });

  it('a folder whose lock cannot be read or written is told as such', () => {
    const folder = fresh();
    mkdirSync(lockOf(folder), { recursive: true });
    assertUnusable(() => WorkDir.claim(folder, 'fail'), folder, /EISDIR/);
  });

  it('makePrivate leaves an existing folder and its content in place', () => {
    const folder = fresh();
    makePrivate(folder);
    writeFileSync(path.join(folder, 'kept'), 'x');
    assert.equal(makePrivate(folder), folder);
    assert.equal(readFileSync(path.join(folder, 'kept'), 'utf8'), 'x');
  });
});
