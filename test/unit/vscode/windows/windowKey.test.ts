import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';
import { readWindowKey, windowsFolder } from '../../../../src/vscode/windows/windowKey';
import { useTempDirs } from '../../../support/tempDir';

const uid = process.getuid?.();
const modeOf = (file: string) => statSync(file).mode & 0o777;

describe('the key of the windows', () => {
  const tempDir = useTempDirs();
  const fresh = () => path.join(tempDir(), 'state', 'lingma-gateway');
  const fileIn = (folder: string) => path.join(folder, 'windows.key');
  function withFile(text: string, mode = 0o600): string {
    const folder = fresh();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(fileIn(folder), text);
    chmodSync(fileIn(folder), mode);
    return folder;
  }

  it('is made on first use, for the user alone, and stays', async () => {
    const folder = fresh();
    const key = await readWindowKey(folder, uid);
    assert.match(key, /^[\w-]{43}$/);
    assert.equal(readFileSync(fileIn(folder), 'utf8'), key);
    assert.equal(await readWindowKey(folder, uid), key);
    assert.deepEqual(readdirSync(folder), ['windows.key']);
    if (uid === undefined) return;
    assert.equal(modeOf(folder), 0o700);
    assert.equal(modeOf(fileIn(folder)), 0o600);
  });

  it('is one for all who ask at the same time', async () => {
    for (const folder of [fresh(), withFile(''), withFile('half a k')]) {
      const keys = await Promise.all(Array.from({ length: 20 }, () => readWindowKey(folder, uid)));
      assert.equal(new Set(keys).size, 1, keys.join(' '));
      assert.equal(readFileSync(fileIn(folder), 'utf8'), keys[0]);
      assert.deepEqual(readdirSync(folder), ['windows.key']);
    }
  });

  it('is replaced when it is none', async () => {
    for (const text of [
      '',
      'x'.repeat(42),
      'x'.repeat(44),
      `${'x'.repeat(42)}!`,
      'x'.repeat(9999),
    ]) {
      const folder = withFile(text);
      assert.notEqual(await readWindowKey(folder, uid), text);
      assert.match(readFileSync(fileIn(folder), 'utf8'), /^[\w-]{43}$/);
    }
  });

  const refused = (folder: string, reason: RegExp) =>
    assert.rejects(readWindowKey(folder, uid), (error: Error) => {
      assert.match(error.message, reason);
      assert.ok(error.message.includes(folder), error.message);
      return true;
    });

  it('is refused where others could have put or read it', async () => {
    if (uid === undefined) return;
    await refused(withFile('x'.repeat(43), 0o644), /open to other users.*chmod 600/);
    const folder = withFile('x'.repeat(43));
    chmodSync(folder, 0o750);
    await refused(folder, /open to other users.*chmod 700/);
    await assert.rejects(readWindowKey(withFile('x'.repeat(43)), uid + 1), /another user/);
    assert.equal(readFileSync(fileIn(folder), 'utf8'), 'x'.repeat(43), 'left as it was');
  });

  it('is neither a folder nor behind a link', async () => {
    const folder = fresh();
    mkdirSync(fileIn(folder), { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
    await refused(folder, /is no file/);
    const linked = fresh();
    mkdirSync(linked, { recursive: true, mode: 0o700 });
    symlinkSync(fileIn(withFile('x'.repeat(43))), fileIn(linked));
    await assert.rejects(readWindowKey(linked, uid), /ELOOP/);
    const alias = path.join(tempDir(), 'alias');
    symlinkSync(withFile('x'.repeat(43)), alias);
    await assert.rejects(readWindowKey(alias, uid), /is no folder/);
  });

  it('lies in the folder that each system has for it', () => {
    const at = (platform: NodeJS.Platform, env = {}) =>
      windowsFolder({ platform, env, home: '/home/me' });
    assert.equal(at('linux'), '/home/me/.local/state/lingma-gateway');
    assert.equal(at('linux', { XDG_STATE_HOME: '/state' }), '/state/lingma-gateway');
    assert.equal(at('linux', { XDG_STATE_HOME: 'state' }), '/home/me/.local/state/lingma-gateway');
    assert.equal(at('darwin'), '/home/me/Library/Application Support/lingma-gateway');
    assert.equal(at('win32', { LOCALAPPDATA: '/local' }), '/local/lingma-gateway');
    assert.equal(at('win32'), '/home/me/AppData/Local/lingma-gateway');
  });
});
