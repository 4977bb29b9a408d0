import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, it } from 'mocha';
import { Guardian } from '../../../src/lingma/guardian/client';
import { eventually } from '../../support/headless';
import { useTempDirs } from '../../support/tempDir';

describe('lingma/guardian: the client', () => {
  const tempDir = useTempDirs();
  let guardian: Guardian | undefined;
  let log = '';

  /** Begins with a guardian that writes down its process id and then runs `body`. */
  const begin = (body: string): Guardian => {
    const script = path.join(tempDir(), 'guardian.js');
    log = `${script}.log`;
    const note = `const note = (text) => require('fs').appendFileSync(${JSON.stringify(log)}, text);`;
    writeFileSync(script, `${note}\nnote('started ' + process.pid + '\\n');\n${body}`);
    guardian = new Guardian(script);
    return guardian;
  };
  const lines = (): string[] =>
    existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : [];
  const started = (): number[] =>
    lines().flatMap((line) => (line.startsWith('started ') ? [Number(line.slice(8))] : []));
  const LISTENS = `process.stdin.on('data', note); process.stdin.on('end', () => process.exit());`;

  afterEach(() => {
    guardian?.dispose();
  });

  it('tells the successor of a killed guardian whom to watch, and whom not', async () => {
    const client = begin(LISTENS);
    client.watch(101);
    client.watch(102);
    client.forget(101);
    await eventually('the first guardian', () => lines().includes('forget 101'));
    process.kill(started()[0] ?? 0, 'SIGKILL');
    await eventually('its successor', () => lines().at(-1) === 'watch 102' && started()[1]);
    client.watch(103);
    await eventually('its news', () => lines().at(-1) === 'watch 103');
    const [, successor] = started();
    assert.deepEqual(lines().slice(lines().indexOf(`started ${successor}`) + 1), [
      'watch 102',
      'watch 103',
    ]);
  });

  it('gives up on guardians that do not stay', async () => {
    begin('');
    await eventually('the last one', () => started().length === 6);
    await sleep(300);
    assert.equal(started().length, 6);
  });

  it('a guardian that ended because it was told to is not replaced', async () => {
    const client = begin(LISTENS);
    await eventually('the guardian', () => started().length === 1);
    client.dispose();
    await sleep(300);
    assert.equal(started().length, 1);
  });
});
