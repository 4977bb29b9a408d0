import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  closeSync,
  constants,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { LogFile } from '../../../src/observe/logFile';
import { ManualClock } from '../../support/manualClock';
import { useTempDirs } from '../../support/tempDir';

describe('observe/logFile', () => {
  const tempDir = useTempDirs();
  const clock = new ManualClock();
  const open: LogFile[] = [];
  let troubles: string[] = [];

  afterEach(() => {
    for (const log of open.splice(0)) log.dispose();
    troubles = [];
  });

  function openLog(file: string, maxBytes = 1_000): LogFile {
    const onTrouble = (message: string) => troubles.push(message);
    const log = new LogFile({ file, maxBytes, clock, onTrouble });
    open.push(log);
    return log;
  }

  const modeOf = (file: string) => statSync(file).mode & 0o777;

  it('is its owner’s alone, and so is the folder it makes', () => {
    const before = process.umask(0);
    try {
      const folder = path.join(tempDir(), 'logs');
      const file = path.join(folder, 'a.log');
      openLog(file, 10).write('first line');
      openLog(file, 10).write('second line');
      assert.deepEqual([folder, file, `${file}.1`].map(modeOf), [0o700, 0o600, 0o600]);
    } finally {
      process.umask(before);
    }
  });

  it('takes away what others could read of a file that was there', () => {
    const file = path.join(tempDir(), 'a.log');
    writeFileSync(file, 'old\n', { mode: 0o644 });
    openLog(file).write('new');
    assert.equal(modeOf(file), 0o600);
    assert.equal(readFileSync(file, 'utf8'), 'old\nnew\n');
  });

  it('begins anew when it is full, and keeps one before it', () => {
    const file = path.join(tempDir(), 'a.log');
    const log = openLog(file, 12);
    for (const line of ['one', 'two', 'three', 'four', 'five', 'six']) log.write(line);
    assert.equal(readFileSync(`${file}.1`, 'utf8'), 'three\nfour\n');
    assert.equal(readFileSync(file, 'utf8'), 'five\nsix\n');
    log.write('a line that is longer than the whole file may be');
    assert.equal(readFileSync(file, 'utf8'), 'a line that is longer than the whole file may be\n');
    assert.deepEqual(troubles, []);
  });

  it('says once that nothing can be written, goes on, and says when it can again', () => {
    const folder = path.join(tempDir(), 'logs');
    const file = path.join(folder, 'a.log');
    const log = openLog(file, 8);
    log.write('one');
    // A move aside that fails stands for every failure of the disk.
    mkdirSync(`${file}.1`);
    for (let n = 0; n < 10; n++) log.write('many');
    assert.equal(troubles.length, 1);
    assert.match(troubles[0] ?? '', /takes no lines: .*The gateway goes on\.$/);

    rmSync(`${file}.1`, { recursive: true });
    log.write('too soon');
    assert.equal(troubles.length, 1);
    clock.advance(5_000);
    log.write('again');
    assert.deepEqual(troubles.slice(1), ['The log file takes lines again; 11 are missing.']);
    assert.equal(readFileSync(file, 'utf8'), 'again\n');
  });

  it('goes on under its name when it, or its folder, is moved away or deleted', () => {
    const folder = path.join(tempDir(), 'logs');
    const file = path.join(folder, 'a.log');
    const log = openLog(file);
    const moves = [
      () => {
        renameSync(file, `${file}.moved`);
      },
      () => {
        rmSync(file);
      },
      () => {
        renameSync(folder, `${folder}.old`);
      },
      () => {
        rmSync(folder, { recursive: true });
        mkdirSync(folder);
        writeFileSync(file, 'theirs\n');
      },
    ];
    for (const move of moves) {
      log.write('before');
      move();
      clock.advance(1_000);
      log.write('after');
      assert.match(readFileSync(file, 'utf8'), /^(theirs\n)?after\n$/);
    }
    assert.equal(modeOf(file), 0o600);
    assert.deepEqual(troubles, []);
  });

  it('survives that it is moved away just before it is full', () => {
    const folder = path.join(tempDir(), 'logs');
    const file = path.join(folder, 'a.log');
    const log = openLog(file, 8);
    log.write('one');
    renameSync(folder, `${folder}.old`);
    log.write('two two');
    assert.equal(readFileSync(file, 'utf8'), 'two two\n');
    assert.deepEqual(troubles, []);
  });

  it('never waits for whoever should read a pipe', function () {
    if (process.platform === 'win32') return;
    const file = path.join(tempDir(), 'pipe');
    execFileSync('mkfifo', [file]);
    assert.throws(() => openLog(file), { code: 'ENXIO' });
    const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
    const log = openLog(file);
    const line = 'x'.repeat(50_000);
    for (let n = 0; n < 3; n++) log.write(line);
    assert.match(troubles[0] ?? '', /takes no lines: EAGAIN/);
    closeSync(reader);
    clock.advance(5_000);
    log.write('nobody reads it now');
    assert.equal(troubles.length, 1);
  });
});
