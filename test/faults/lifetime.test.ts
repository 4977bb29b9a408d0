import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, it } from 'mocha';
import { Gateway } from '../../src/gateway/gateway';
import { silentLogger } from '../../src/observe/log';
import { settingDefaults, toGatewayOptions } from '../../src/vscode/settings';
import { eventually } from '../support/headless';
import { useTempDirs } from '../support/tempDir';
import { type Ask, ask } from './client';
import { descriptorsOf } from './rig';

const LIVES = 5;
/** More than the listeners of one kind that Node takes for granted. */
const MANY_CRASHES = 11;
/** Nothing that happens in the middle of it comes when it is over. */
const LONG_ANSWER = 'DEMO:words 500\nDEMO:gap 20';
const LOOK_EVERY_MS = 100;
/** Looks in a row that find the same when everything that was given up is gone. */
const SAME_LOOKS = 10;

interface Held {
  readonly resources: readonly string[];
  readonly descriptors: number;
}

describe('faults: one gateway after the other in one process', () => {
  const tempDir = useTempDirs();

  it('leaves no timer, handle, descriptor or memory behind, whatever happened to it', async () => {
    const collect = collector();
    const warnings: string[] = [];
    const onWarning = (warning: Error): void => void warnings.push(warning.message);
    process.on('warning', onWarning);
    const samples = [];
    for (let life = 0; life < LIVES; life++) {
      await live(tempDir(), life === 0 ? MANY_CRASHES : 2);
      const held = await settled();
      collect();
      samples.push({ heapMb: process.memoryUsage().heapUsed / 1e6, ...held });
    }
    // The first ones load what stays, such as bundles.
    const [, early] = samples;
    const late = samples.at(-1);
    assert.ok(early && late);
    process.stdout.write(
      `      heap ${early.heapMb.toFixed(1)} and ${late.heapMb.toFixed(1)} MB, ` +
        `${early.descriptors} and ${late.descriptors} descriptors, ${late.resources.join(' ')}\n`,
    );
    process.off('warning', onWarning);
    assert.deepEqual(warnings, []);
    assert.deepEqual(late.resources, early.resources);
    assert.ok(late.descriptors <= early.descriptors);
    assert.ok(late.heapMb - early.heapMb < 8);
  }).timeout(180_000);
});

/** A gateway that loses its process a few times, also under a turn, and is stopped under another. */
async function live(workDir: string, crashes: number): Promise<void> {
  const settings = { ...settingDefaults, lingmaPath: path.resolve('dist/demo.js') };
  const apiKey = 'a key of a test';
  const options = toGatewayOptions(settings, { apiKey, workDir, distDir: 'dist' });
  const gateway = new Gateway({ ...options, port: 0 }, { logger: silentLogger });
  await gateway.start();
  const turn = (content: string, fields: Partial<Ask> = {}) =>
    ask(
      { baseUrl: gateway.snapshot().baseUrl ?? '', apiKey },
      {
        dialect: 'chat',
        stream: true,
        tools: false,
        messages: [{ role: 'user', content }],
        ...fields,
      },
    );
  const crash = (): void => {
    for (const { pid } of gateway.snapshot().instances)
      if (pid !== null) process.kill(pid, 'SIGKILL');
  };
  try {
    for (let round = 0; round < crashes; round++) {
      assert.equal((await turn('DEMO:echo fine')).kind, 'answer');
      const cut = await turn(LONG_ANSWER, { onFirstBytes: crash });
      assert.deepEqual(cut, { kind: 'error', code: 'instance_lost' });
    }
    const leave = new AbortController();
    const left = turn(LONG_ANSWER, {
      signal: leave.signal,
      onFirstBytes: () => {
        leave.abort();
      },
    });
    assert.equal((await left).kind, 'left');
    await eventually('the turn is given up', () => gateway.snapshot().concurrency.inFlight === 0);
    const stopped = turn('DEMO:hang');
    await eventually('the turn runs', () => gateway.snapshot().concurrency.inFlight === 1);
    await gateway.stop();
    assert.deepEqual(await stopped, { kind: 'error', code: 'stopping' });
  } finally {
    await gateway.stop();
  }
}

/** What this process holds, once that changes no more: sockets that were given up go a little later. */
async function settled(): Promise<Held> {
  const look = (): Held => ({
    resources: process.getActiveResourcesInfo().sort(),
    descriptors: descriptorsOf(process.pid),
  });
  let held = look();
  for (let same = 0; same < SAME_LOOKS;) {
    await sleep(LOOK_EVERY_MS);
    const now = look();
    same = isDeepStrictEqual(now, held) ? same + 1 : 0;
    held = now;
  }
  return held;
}

/** Collects garbage at once; Node offers that only when it is asked for. */
function collector(): () => void {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
}
