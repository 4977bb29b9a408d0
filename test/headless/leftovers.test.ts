import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, before, describe, it } from 'mocha';
import {
  eventually,
  HeadlessGateway,
  isAlive,
  type LaunchOptions,
  runLauncher,
} from '../support/headless';
import { useTempDirs } from '../support/tempDir';

describe('headless: leftovers', () => {
  const tempDir = useTempDirs();
  const running: HeadlessGateway[] = [];
  const launch = async (options?: LaunchOptions): Promise<HeadlessGateway> => {
    const gateway = await HeadlessGateway.launch(options);
    running.push(gateway);
    return gateway;
  };

  /** A Lingma that is a script which runs the real one as its child, as packagers like to do. */
  const wrapper = (): string => {
    const file = path.join(tempDir(), 'lingma');
    const demo = path.resolve('dist/demo.js');
    // The last line keeps shells from replacing themselves with the only command there is.
    const script = `#!/bin/sh\n'${process.execPath}' '${demo}' "$@"\nexit $?\n`;
    writeFileSync(file, script, { mode: 0o755 });
    return file;
  };
  /** The process the gateway knows, and the one that speaks the protocol. */
  const pidsOf = async (gateway: HeadlessGateway): Promise<{ leader: number; demo: number }> => {
    const leader = (await gateway.stats()).instances[0]?.pid;
    const demo = gateway.records()[0]?.pid;
    assert.ok(leader && demo);
    return { leader, demo };
  };

  before(function () {
    // Wrapper scripts, process groups and ps are a matter of POSIX.
    if (process.platform === 'win32') this.skip();
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((gateway) => gateway.stop('SIGKILL')));
  });

  it('a wrapper that is killed does not leave the program it ran', async () => {
    const gateway = await launch({ flags: ['--lingma', wrapper()] });
    const { leader, demo } = await pidsOf(gateway);
    assert.notEqual(leader, demo);
    process.kill(leader, 'SIGKILL');
    await eventually('the end of the wrapped program', () => !isAlive(demo));
    await eventually('its replacement', async () => {
      const [instance] = (await gateway.stats()).instances;
      return instance?.state === 'ready' && instance.pid !== leader;
    });
  });

  it('C-30 (30) a stop ends a wrapped program that ignores the polite request', async () => {
    const gateway = await launch({
      flags: ['--lingma', wrapper()],
      env: { DEMO_LINGMA_IGNORE_SIGTERM: '1' },
    });
    const { leader, demo } = await pidsOf(gateway);
    const { code, ms } = await gateway.stop();
    assert.equal(code, 0);
    assert.ok(ms < 5_000, `it took ${ms} ms`);
    assert.deepEqual(runningInGroup(leader), []);
    // Dead by now, though its remains may still wait for the system to collect them.
    await eventually('the end of the wrapped program', () => !isAlive(demo));
  });

  it('a guardian that was killed is replaced, and its successor does the work', async () => {
    const gateway = await launch();
    const { demo } = await pidsOf(gateway);
    const launcher = gateway.child.pid ?? 0;
    const [guardian] = guardiansOf(launcher);
    assert.ok(guardian);
    process.kill(guardian, 'SIGKILL');
    await eventually('another guardian', () =>
      guardiansOf(launcher).some((pid) => pid !== guardian),
    );
    process.kill(launcher, 'SIGKILL');
    await eventually('the end of the demo', () => !isAlive(demo));
  });

  it('a work folder that cannot be one is refused with its name and the reason', async () => {
    const file = path.join(tempDir(), 'file');
    writeFileSync(file, '');
    for (const folder of [file, path.join(file, 'below')]) {
      const run = runLauncher(['--port', '0', '--work-dir', folder]);
      assert.notEqual(await run.exitCode, 0);
      const said = await run.stderr;
      for (const part of [folder, '--work-dir']) assert.ok(said.includes(part), said);
      assert.doesNotMatch(said, /unexpectedly/);
    }
  });

  it('Lingma does not see the key of the API', async function () {
    if (process.platform !== 'linux') this.skip();
    const gateway = await launch({ env: { LINGMA_GATEWAY_API_KEY: 'a-key-of-this-test' } });
    assert.equal(gateway.apiKey, 'a-key-of-this-test');
    const { demo } = await pidsOf(gateway);
    assert.ok(!readFileSync(`/proc/${demo}/environ`, 'utf8').includes('a-key-of-this-test'));
  });
});

interface Running {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly command: string;
}

/** Every process of this machine but zombies. */
function runningProcesses(): Running[] {
  const { stdout } = spawnSync('ps', ['-eo', 'pid=,ppid=,pgid=,stat=,args='], { encoding: 'utf8' });
  return stdout.split('\n').flatMap((line) => {
    const [pid, parent, group, state, ...command] = line.trim().split(/\s+/);
    if (!state || state.startsWith('Z')) return [];
    const ids = { pid: Number(pid), parent: Number(parent), group: Number(group) };
    return [{ ...ids, command: command.join(' ') }];
  });
}

function runningInGroup(leader: number): Running[] {
  return runningProcesses().filter(({ group }) => group === leader);
}

/** The guardians a launcher has as its children. */
function guardiansOf(launcher: number): number[] {
  return runningProcesses()
    .filter(({ parent, command }) => parent === launcher && command.includes('guardian.js'))
    .map(({ pid }) => pid);
}
