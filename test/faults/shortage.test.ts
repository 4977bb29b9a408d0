/** What a gateway needs runs out: room on the disk, descriptors, time to finish what it has begun. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, readdirSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import path from 'node:path';
import { afterEach, describe, it } from 'mocha';
import { freePort } from '../../scripts/ports.mjs';
import { Gateway } from '../../src/gateway/gateway';
import type { LiveOptions } from '../../src/gateway/liveOptions';
import { silentLogger } from '../../src/observe/log';
import { settingDefaults, toGatewayOptions } from '../../src/vscode/settings';
import { eventually, isAlive } from '../support/headless';
import { listenerOn } from '../support/listeners';
import { useTempDirs } from '../support/tempDir';
import { assertTyped } from './chat';
import { type Ask, ask, dialects, type Outcome } from './client';
import { childrenOf, descriptorsOf, Rig } from './rig';

const BUSY = 40;
const LONG_ANSWER = 'DEMO:words 60\nDEMO:gap 20';

describe('faults: something runs out', () => {
  const tempDir = useTempDirs();
  const rigs: Rig[] = [];
  const launch = async (...flags: string[]): Promise<Rig> => {
    const rig = await Rig.launch({ flags });
    rigs.push(rig);
    return rig;
  };

  afterEach(async () => {
    await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
  });

  it('room on the disk, at the start: says which folder it is, and leaves nothing there', async () => {
    const workDir = tempDir();
    // The signal would end the process before it is told that it may not write.
    const limited =
      'trap "" XFSZ; ulimit -f 0; exec "$0" dist/headless.js --work-dir "$1" --port 0';
    const child = spawn('bash', ['-c', limited, process.execPath, workDir]);
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 1);
    assert.ok(said.includes(workDir) && said.includes('work folder'), said);
    assert.deepEqual(readdirSync(workDir), []);
  });

  it('room for what windows share: they are told, and find what was there before', () => {
    const folder = tempDir();
    chmodSync(folder, 0o700);
    const program = `
      const { readWindowKey } = require('./src/vscode/windows/windowKey.ts');
      const { SharedKeys } = require('./src/vscode/keys/sharedKeys.ts');
      const [, folder] = process.argv;
      const why = ({ code }) => code;
      const keys = new SharedKeys(folder, 'secret', process.getuid());
      (async () => {
        console.log(await readWindowKey(folder, process.getuid()).catch(why));
        console.log(await keys.rotate().catch(why));
        console.log((await keys.ownKey()).rotation === '');
      })();`;
    const flags = ['--require', 'tsx/cjs', '--eval', program];
    const limited = ['-c', 'ulimit -f 0; exec "$@"', 'bash', process.execPath, ...flags, folder];
    const said = execFileSync('bash', limited, { encoding: 'utf8' });
    assert.deepEqual(said.trim().split('\n'), ['EFBIG', 'EFBIG', 'true']);
    assert.deepEqual(readdirSync(folder), []);
  });

  it('room for the log: the gateway goes on, and says so once', async () => {
    const rig = await launch('--log-file', '/dev/full');
    const chat = rig.chat('unlogged');
    for (let turn = 0; turn < 3; turn++) await chat.say();
    await rig.calm();
    assert.equal(rig.gateway.log.split('/dev/full takes no lines').length, 2, rig.gateway.log);
  });

  it('room on the disk, while it runs: turns go on, one line says so, and lines come again', async () => {
    const file = path.join(tempDir(), 'gateway.log');
    const rig = await launch('--log-file', file);
    const chat = rig.chat('full');
    await chat.say();
    // From here on no file grows any more, whoever writes it in that process.
    const room = (bytes: string) =>
      execFileSync('prlimit', ['--pid', String(rig.pid), `--fsize=${bytes}:`]);
    room(String(statSync(file).size));
    for (let turn = 0; turn < 3; turn++) await chat.say();
    assert.equal(rig.gateway.log.split(`${file} takes no lines`).length, 2, rig.gateway.log);
    room('unlimited');
    const isBack = async (): Promise<boolean> => {
      await chat.say();
      return rig.gateway.log.includes('takes lines again');
    };
    await eventually('lines again', isBack, 10_000);
    await rig.calm();
  });

  it('descriptors: clients that are here are served, and others again when there are some', async () => {
    const rig = await launch();
    const { pid, gateway } = rig;
    const port = Number(new URL(gateway.baseUrl).port);
    const chat = rig.chat('first');
    await chat.say();
    // Only the soft limit, which may be raised again.
    execFileSync('prlimit', ['--pid', String(pid), `--nofile=${descriptorsOf(pid) + 5}:`]);
    const idle = Array.from({ length: 30 }, () => connect(port, '127.0.0.1').on('error', () => 0));
    await eventually('no descriptor is left', () => idle.some(({ closed }) => closed));
    await chat.say();
    for (const socket of idle) socket.destroy();
    execFileSync('prlimit', ['--pid', String(pid), '--nofile=1024:']);
    await Promise.all(dialects.map((dialect) => rig.chat(`next.${dialect}`, { dialect }).say()));
    await rig.calm();
  });

  it('time, for many turns at once: each client of a gateway that stops hears of it', async () => {
    const rig = await launch('--instances', '2', '--max-in-flight', '8', '--idle-timeout', '30');
    const turns = Array.from({ length: BUSY }, (_, index) => {
      const dialect = dialects[index % dialects.length] ?? 'chat';
      const chat = rig.chat(`stopped.${index}`, { dialect, stream: index % 4 > 0 });
      // None of them is over before all are known.
      return chat.turn({ words: 600, script: ['DEMO:gap 20'] });
    });
    await eventually('all turns are known', async () => {
      const { inFlight, queued } = (await rig.gateway.stats()).concurrency;
      return inFlight + queued === BUSY;
    });
    const children = childrenOf(rig.pid);
    rigs.splice(rigs.indexOf(rig), 1);
    await rig.stop();
    for (const outcome of await Promise.all(turns)) {
      assert.equal(outcome.kind, 'error');
      assertTyped(outcome, ['stopping']);
    }
    assert.deepEqual(children.filter(isAlive), []);
  }).timeout(60_000);
});

describe('faults: settings change, and the gateway with them, while it is busy', () => {
  const tempDir = useTempDirs();
  const apiKey = 'a key of a test';
  const gateways: Gateway[] = [];

  afterEach(async () => {
    await Promise.all(gateways.splice(0).map((gateway) => gateway.stop()));
  });

  async function start(port = 0): Promise<{ gateway: Gateway; options: LiveOptions }> {
    const settings = { ...settingDefaults, lingmaPath: path.resolve('dist/demo.js'), instances: 2 };
    const host = { apiKey, workDir: tempDir(), distDir: 'dist' };
    const options = { ...toGatewayOptions(settings, host), port };
    const gateway = new Gateway(options, { logger: silentLogger });
    gateways.push(gateway);
    await gateway.start();
    return { gateway, options };
  }

  /** Many turns, all of which are known when this resolves; most are under way, or wait. */
  async function busy(gateway: Gateway): Promise<Promise<Outcome>[]> {
    const ended = (): number => {
      const { completed, failed } = gateway.snapshot().turns;
      return completed + failed;
    };
    const before = ended();
    const baseUrl = gateway.snapshot().baseUrl ?? '';
    const turns = Array.from({ length: BUSY }, (_, index) => {
      const request: Ask = {
        dialect: dialects[index % dialects.length] ?? 'chat',
        stream: index % 4 > 0,
        tools: false,
        messages: [{ role: 'user', content: LONG_ANSWER }],
      };
      return ask({ baseUrl, apiKey }, request);
    });
    await eventually('all turns are known', () => {
      const { inFlight, queued } = gateway.snapshot().concurrency;
      // The first may be over before the last has come.
      return inFlight + queued + ended() - before === BUSY;
    });
    return turns;
  }

  it('live settings: every turn is answered', async () => {
    const { gateway, options } = await start();
    const turns = await busy(gateway);
    const changes: Partial<LiveOptions>[] = [
      { instances: 3 },
      { maxInFlight: 1 },
      { instances: 1, sessionMax: 1, captureBodies: true },
      { maxInFlight: 30, sessionTtlSeconds: 1, idleTimeoutSeconds: 20 },
      { instances: 2, sessionMax: 0, captureBodies: false },
    ];
    for (const change of changes) {
      gateway.reconfigure({ ...options, ...change });
      await new Promise((resolve) => setTimeout(resolve, 150));
    }
    for (const outcome of await Promise.all(turns)) assert.equal(outcome.kind, 'answer');
    await eventually('as many processes as wanted', () => {
      return gateway.snapshot().instances.length === 2;
    });
  }).timeout(120_000);

  it('no setting, but its port goes: turns are answered, and the state says who has it', async () => {
    // Nobody else may get it while nobody listens there.
    const port = await freePort();
    const { gateway } = await start(port);
    const turns = await busy(gateway);
    const listener = listenerOn(port);
    listener._handle.close();
    const stranger = createServer().listen({ port, host: '127.0.0.1', exclusive: true });
    await once(stranger, 'listening');
    listener.emit('error', new Error('accept EINVAL'));
    await eventually('it is told', () => gateway.snapshot().state === 'failed');
    assert.match(gateway.snapshot().problem ?? '', new RegExp(`Port ${port} .* is taken`));
    for (const outcome of await Promise.all(turns)) assert.equal(outcome.kind, 'answer');
    stranger.close();
    await eventually('it is back', () => gateway.snapshot().state === 'ready', 20_000);
    assert.equal(gateway.snapshot().problem, null);
    for (const outcome of await Promise.all(await busy(gateway))) {
      assert.equal(outcome.kind, 'answer');
    }
  }).timeout(120_000);

  it('all others: one gateway ends, the next one serves, and nobody is left without a word', async () => {
    const { gateway } = await start();
    const pids = gateway.snapshot().instances.flatMap(({ pid }) => pid ?? []);
    const turns = await busy(gateway);
    const [, next] = await Promise.all([gateway.stop(), start()]);
    for (const outcome of await Promise.all(turns)) assertTyped(outcome, ['stopping']);
    assert.deepEqual(pids.filter(isAlive), []);
    const served = await busy(next.gateway);
    for (const outcome of await Promise.all(served)) assert.equal(outcome.kind, 'answer');
  }).timeout(120_000);
});
