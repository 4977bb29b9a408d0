/** The gateway under measurement: `dist/headless.js` on a demo process, in a folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { request } from 'undici';
import { distFolder, plainEnvironment } from './paths';

/** A gateway that has not stopped by then is killed; its guardian ends the demo. */
const stopLimitMs = 10_000;

const readyLine = v.object({ baseUrl: v.string(), apiKey: v.string() });
const stats = v.object({ instances: v.array(v.object({ port: v.number() })) });

export interface GatewayProcess {
  readonly pid: number;
  readonly baseUrl: string;
  readonly apiKey: string;
  /** The WebSocket port of the demo process behind the gateway. */
  readonly demoPort: number;
  stop(): Promise<void>;
}

export async function startGateway(): Promise<GatewayProcess> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lingma-bench-'));
  const child = spawn(
    process.execPath,
    [
      path.join(distFolder, 'headless.js'),
      ...['--port', '0', '--max-in-flight', '0', '--work-dir', path.join(folder, 'work')],
      // Named, because an installed Lingma would go before the demo.
      ...['--lingma', path.join(distFolder, 'demo.js')],
    ],
    { env: plainEnvironment(), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const killWithUs = (): void => void child.kill();
  process.once('exit', killWithUs);
  const stop = async (): Promise<void> => {
    await end(child);
    process.off('exit', killWithUs);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const { baseUrl, apiKey } = await ready(child);
    const demoPort = await demoPortOf(baseUrl, apiKey);
    return { pid: child.pid ?? 0, baseUrl, apiKey, demoPort, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The first line on stdout, once the gateway serves. */
async function ready(child: ChildProcess): Promise<v.InferOutput<typeof readyLine>> {
  let log = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (log = (log + text).slice(-4096)));
  if (child.stdout === null) throw new Error('the gateway has no stdout');
  const lines = createInterface(child.stdout);
  const line = await Promise.race([
    once(lines, 'line').then(([first]) => String(first)),
    once(child, 'exit').then(() => undefined),
  ]);
  if (line === undefined) throw new Error(`the gateway did not start:\n${log}`);
  return v.parse(readyLine, JSON.parse(line));
}

async function demoPortOf(baseUrl: string, apiKey: string): Promise<number> {
  const { body } = await request(`${baseUrl}/internal/stats`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  const [instance] = v.parse(stats, await body.json()).instances;
  if (!instance) throw new Error('the gateway has no instance');
  return instance.port;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  const force = setTimeout(() => child.kill('SIGKILL'), stopLimitMs);
  child.kill('SIGTERM');
  await exited;
  clearTimeout(force);
}
