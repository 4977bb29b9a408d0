import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, it } from 'mocha';
import { defaults } from '../../src/gateway/options';
import { freePort } from '../../scripts/ports.mjs';
import { eventually } from '../support/headless';
import { useTempDirs } from '../support/tempDir';

const KEY = 'a-key-that-no-log-may-hold';
const DEPLOY = path.resolve('docs/deploy');
const DIST = path.resolve('dist');

describe('scale: the systemd unit and the container file', () => {
  const tempDir = useTempDirs();
  const unit = readFileSync(path.join(DEPLOY, 'lingma-gateway.service'), 'utf8');
  const container = readFileSync(path.join(DEPLOY, 'Containerfile'), 'utf8');

  function setting(name: string): string {
    const value = new RegExp(`^${name}=(.*)$`, 'm').exec(unit)?.[1];
    assert.ok(value !== undefined, name);
    return value;
  }

  /** The last instruction of that name, whose arguments are a list in JSON. */
  function instruction(name: string): string[] {
    const list = new RegExp(`^ *${name} (\\[.*\\])$`, 'm').exec(container)?.[1];
    assert.ok(list !== undefined, name);
    return JSON.parse(list) as string[];
  }

  /**
   * Runs a command line as they do, with the key in the environment and nobody at stdout, asks for
   * health, and sends SIGTERM twice; gives what it wrote.
   */
  async function live([program = '', ...args]: readonly string[], stdout: 'ignore' | 'pipe') {
    const port = await freePort();
    const own = ['--lingma', path.join(DIST, 'demo.js'), '--port', String(port)];
    const child = spawn(program, [...args, ...own], {
      env: { PATH: process.env['PATH'], HOME: tempDir(), LINGMA_GATEWAY_API_KEY: KEY },
      stdio: ['ignore', stdout, 'pipe'],
    });
    const read = async (stream: Readable | null) => (stream ? text(stream) : '');
    const written = Promise.all([read(child.stdout), read(child.stderr)]);
    const exited = once(child, 'exit');
    const health = async (): Promise<unknown> => {
      const response = await fetch(`http://127.0.0.1:${port}/healthz`).catch(() => undefined);
      return response && ((await response.json()) as { status: unknown }).status;
    };
    try {
      await eventually('it serves', async () => (await health()) === 'ok', 15_000);
      child.kill('SIGTERM');
      await eventually('it drains', async () => (await health()) === 'draining');
    } finally {
      child.kill('SIGTERM');
    }
    assert.deepEqual(await exited, [0, null]);
    return (await written).join('');
  }

  it('the unit starts the launcher, keeps the key out of the journal, and waits for its turns', async () => {
    const command = setting('ExecStart').replace('%h/.local/share/lingma-gateway/dist', DIST);
    assert.equal(setting('StandardOutput'), 'null');
    const log = await live(command.split(' '), 'ignore');
    assert.match(log, /^\{.*"ready: process/m);
    assert.ok(!log.includes(KEY));
    const drainSeconds = Number(/--drain-seconds (\d+)/.exec(command)?.[1]);
    assert.ok(Number(setting('TimeoutStopSec')) > drainSeconds + 5);
  });

  it('the container builds from files that are there, and starts the same', async () => {
    const sources = [...container.matchAll(/^COPY ((?!--).*) \S+$/gm)].flatMap(([, files = '']) =>
      files.split(' '),
    );
    assert.ok(sources.length > 4);
    for (const file of sources) assert.ok(existsSync(file), file);
    const command = instruction('ENTRYPOINT').map((part) => part.replace('/app', DIST));
    const log = await live(command, 'pipe');
    assert.match(log, /^\{.*"ready: process/m);
    assert.ok(!log.includes(KEY));
    assert.ok(instruction('CMD').join(' ').includes(`http://127.0.0.1:${defaults.port}/healthz`));
  });
});
