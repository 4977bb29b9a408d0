import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import type { Connection } from '../../../../src/lingma/connect/connector';
import { SpawnConnector } from '../../../../src/lingma/connect/spawn';
import { silentLogger } from '../../../../src/observe/log';
import { freePort } from '../../../../scripts/ports.mjs';
import { isAlive } from '../../../support/headless';
import { assertCode, rejectionOf } from '../../../support/errors';
import { useTempDirs } from '../../../support/tempDir';

describe('lingma/connect/spawn', () => {
  const tempDir = useTempDirs();
  const open: Connection[] = [];
  afterEach(() => Promise.all(open.splice(0).map((connection) => connection.stop())));

  it('C-29 (29) a port that somebody took meanwhile costs one attempt, and the next takes others', async () => {
    const thief = createServer().listen(0, '127.0.0.1');
    await once(thief, 'listening');
    const address = thief.address();
    const taken = typeof address === 'object' && address ? address.port : 0;
    // It accepts, but it is no WebSocket.
    thief.on('connection', (socket) => socket.destroy());
    const script = path.resolve('dist/demo.js');
    const alive = new Set<number>();
    const ports = [taken, await freePort()];
    const connector = new SpawnConnector(
      {
        program: { command: process.execPath, args: [script], path: script, demo: true },
        workDir: tempDir(),
        logger: silentLogger,
        onSpawn: (pid) => alive.add(pid),
        onGone: (pid) => alive.delete(pid),
      },
      async () => [ports.shift() ?? 0, await freePort()],
    );
    const { signal } = new AbortController();
    const error = await rejectionOf(connector.connect(signal));
    assertCode(error, 'start_failed');
    assert.match(error.message, /EADDRINUSE/);
    assert.equal(error.retryable, true);
    assert.deepEqual([...alive], []);

    const connection = await connector.connect(signal);
    open.push(connection);
    assert.notEqual(connection.port, taken);
    assert.ok(connection.pid !== null && isAlive(connection.pid));
    await connection.stop();
    assert.match(await connection.ended, /^The Lingma process ended/);
    assert.deepEqual([...alive], []);
    thief.close();
  });

  it('C-28 (28), C-35 (35) a program that exits at once fails at once, with the end of its flood', async () => {
    const script = path.join(tempDir(), 'broken.cjs');
    // The pipe holds less than a megabyte, so that it ends only if somebody reads all of it.
    writeFileSync(
      script,
      `process.stderr.write('flood '.repeat(1e6) + '\\nthe last words\\n');process.exitCode = 7;`,
    );
    const connector = new SpawnConnector({
      program: { command: process.execPath, args: [script], path: script, demo: false },
      workDir: tempDir(),
      logger: silentLogger,
      onSpawn: () => undefined,
      onGone: () => undefined,
    });
    const beganAt = performance.now();
    const error = await rejectionOf(connector.connect(new AbortController().signal));
    const tookMs = performance.now() - beganAt;
    assertCode(error, 'start_failed');
    assert.match(error.message, /exit code 7\. It wrote: .*\nthe last words$/);
    assert.ok(error.message.length < 2_000, `a message of ${error.message.length} characters`);
    assert.ok(tookMs < 10_000, `it took ${Math.round(tookMs)} ms of the 20 s a start may take`);
  });
});
