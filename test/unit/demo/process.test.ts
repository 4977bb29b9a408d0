import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, it } from 'mocha';
import { DemoProcess, type Message, RawClient, askParams, runDemo } from './demoProcess';

const running: DemoProcess[] = [];

async function start(knobs: Readonly<Record<string, string>> = {}): Promise<DemoProcess> {
  const demo = await DemoProcess.start(knobs);
  running.push(demo);
  return demo;
}

async function launch(knobs: Readonly<Record<string, string>>): Promise<DemoProcess> {
  const demo = await DemoProcess.launch(knobs);
  running.push(demo);
  return demo;
}

describe('demo process', () => {
  afterEach(async () => {
    await Promise.all(running.splice(0).map((demo) => demo.stop()));
  });

  it('writes .info and the ready line, and takes .info away on SIGTERM', async () => {
    const demo = await start();
    const client = await RawClient.ready(demo.socketPort);
    assert.equal(demo.read('.info'), `${demo.socketPort}\n${demo.pid ?? 0}\n`);
    assert.match(demo.log(), /Communication servers ready - WebSocket: .*, HTTP: .*, IPC: /);
    demo.signal('SIGTERM');
    assert.deepEqual(await demo.exit, { code: 0, stdout: '', stderr: '' });
    assert.equal(demo.read('.info'), undefined);
    assert.equal(await client.closed(), 1001);
  });

  it('stops on SIGINT, also while it is still starting', async () => {
    const demo = await launch({ DEMO_LINGMA_START_DELAY_MS: '60000' });
    while (!demo.log().includes('starting')) await delay(10);
    demo.signal('SIGINT');
    assert.equal((await demo.exit).code, 0);
  });

  it('ignores SIGTERM and leaves .info out when told to', async () => {
    const demo = await start({ DEMO_LINGMA_IGNORE_SIGTERM: 'yes', DEMO_LINGMA_NO_INFO: 'true' });
    assert.equal(demo.read('.info'), undefined);
    demo.signal('SIGTERM');
    const client = await RawClient.ready(demo.socketPort);
    assert.deepEqual((await client.call('ping', {})).result, {});
  });

  it('begins with the files of a crash, which the true ones replace', async () => {
    const signs = {
      'dead-pid': (demo: DemoProcess) => [demo.httpPort, 2 ** 31 - 1],
      'closed-port': (demo: DemoProcess) => [1, demo.pid],
    };
    for (const [sign, expected] of Object.entries(signs)) {
      const knobs = { DEMO_LINGMA_STALE_INFO: sign };
      const early = await launch({ ...knobs, DEMO_LINGMA_START_DELAY_MS: '60000' });
      while (!early.log().includes('starting')) await delay(10);
      assert.deepEqual(infoOf(early), expected(early));
      assert.deepEqual(infoJsonOf(early), expected(early));
      early.signal('SIGTERM');
      await early.exit;
      assert.deepEqual(infoOf(early), expected(early));

      const none = await start({ ...knobs, DEMO_LINGMA_NO_INFO: '1' });
      assert.deepEqual(infoOf(none), expected(none));
      const one = await start(knobs);
      assert.deepEqual(infoOf(one), [one.socketPort, one.pid]);
      assert.deepEqual(infoJsonOf(one), expected(one));
      const both = await start({ ...knobs, DEMO_LINGMA_INFO_JSON: '1' });
      assert.deepEqual(infoJsonOf(both), [both.socketPort, both.pid]);
    }
    assert.throws(() => process.kill(2 ** 31 - 1, 0), { code: 'ESRCH' });
  });

  it('exits 1 when a port is taken', async () => {
    const demo = await start();
    const free = demo.httpPort === 65_535 ? 65_534 : 65_535;
    const socketTaken = await runDemo(DemoProcess.args(demo.workDir, demo.socketPort, free));
    assert.equal(socketTaken.code, 1);
    assert.match(socketTaken.stderr, /^lingma demo: .*EADDRINUSE.*\n$/);
    const httpTaken = await runDemo(DemoProcess.args(demo.workDir, free, demo.httpPort));
    assert.equal(httpTaken.code, 1);
    assert.match(demo.read('.info') ?? '', /^\d+\n\d+\n$/);
  });

  it('exits 2 with one line for a command line it does not know', async () => {
    const good = DemoProcess.args(tmpdir(), 1234, 1235);
    const bad: readonly (readonly string[])[] = [
      [],
      good.slice(1),
      good.filter((argument) => !argument.startsWith('--workDir')),
      good.map((argument) => argument.replace('websocket', 'stdio')),
      good.map((argument) => argument.replace('1235', '1234')),
      good.map((argument) => argument.replace('1234', 'abc')),
      [...good, '--no-such-knob=1'],
      [...good, '--split'],
    ];
    for (const args of bad) {
      const { code, stderr } = await runDemo(args);
      assert.equal(code, 2, args.join(' '));
      assert.match(stderr, /^lingma demo: [^\n]+\n$/);
    }
  });

  it('exits 2 for an environment it does not know', async () => {
    const good = DemoProcess.args(tmpdir(), 1234, 1235);
    const bad: readonly Readonly<Record<string, string>>[] = [
      { DEMO_LINGMA_COALESCE: 'maybe' },
      { DEMO_LINGMA_SPLITT: '1' },
      { DEMO_LINGMA_ASK_REPLY: 'sometimes' },
      { DEMO_LINGMA_MODELS: '/no/such/file.json' },
    ];
    for (const knobs of bad) {
      const { code, stderr } = await runDemo(good, knobs);
      assert.equal(code, 2);
      assert.match(stderr, /^lingma demo: [^\n]+\n$/);
    }
  });

  it('prints every knob and directive with --help', async () => {
    const { code, stdout } = await runDemo(['--help']);
    assert.equal(code, 0);
    for (const word of ['DEMO_LINGMA_RECORD', '--ask-reply=', 'DEMO:echo-json', 'DEMO:hang']) {
      assert.ok(stdout.includes(word), word);
    }
  });

  it('fails to start on request, after a flood on stderr', async () => {
    const demo = await launch({
      DEMO_LINGMA_STDERR_FLOOD: '200000',
      DEMO_LINGMA_START_EXIT: '7',
    });
    const { code, stderr } = await demo.exit;
    assert.equal(code, 7);
    assert.ok(stderr.length > 200_000);
    assert.match(stderr, /lingma demo: start-up failed on request/);
  });

  it('answers on the HTTP port and signs in through the login URL', async () => {
    const demo = await start({ DEMO_LINGMA_SIGNED_OUT: '1' });
    const client = await RawClient.ready(demo.socketPort);
    const status = async (): Promise<unknown> =>
      ((await client.call('auth/status', {})).result as { status: number }).status;
    assert.notEqual(await status(), 2);
    client.post('chat/ask', askParams('r', 'hi'));
    assert.equal((await client.finish('r')).params?.['statusCode'], 401);
    const { result } = await client.call('login/generateUrl', { loginDedicatedType: '' });
    const page = await fetch((result as { loginUrl: string }).loginUrl);
    assert.equal(page.status, 200);
    assert.match(page.headers.get('content-type') ?? '', /^text\/plain/);
    await page.text();
    assert.equal(await status(), 2);
  });

  it('records what came in, readable for the user only', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'demo-record-'));
    const file = path.join(folder, 'record.jsonl');
    writeFileSync(file, '', { mode: 0o644 });
    const demo = await start({ DEMO_LINGMA_RECORD: file });
    const client = await RawClient.ready(demo.socketPort);
    client.post('chat/ask', askParams('r1', 'DEMO:echo hi'));
    const sessionId = (await client.finish('r1')).params?.['sessionId'];
    await client.call('chat/deleteSessionById', { sessionId });
    const lines = readFileSync(file, 'utf8').trim().split('\n').map(parseLine);
    client.acknowledges = false;
    client.post('chat/ask', askParams('r2', 'DEMO:hang-after 0'));
    const owed = await client.event('chat/process_step_callback', 'r2');
    const title = await client.until(
      'title',
      ({ method, id }) => method === 'session/title/update' && Number(id) > Number(owed.id),
    );
    client.socket.terminate();
    const closed = await eventOf(file, 'client-closed');
    assert.deepEqual(closed.unanswered, [owed.id, title.id]);
    const mode = statSync(file).mode & 0o777;
    rmSync(folder, { recursive: true });
    assert.equal(mode, 0o600);
    assert.ok(lines.every((line) => line.pid === demo.pid && line.ts > 0));
    const methods = lines.flatMap((line) => line.message?.method ?? []);
    assert.deepEqual(methods, ['initialize', 'chat/ask', 'chat/deleteSessionById']);
    assert.ok(lines.some((line) => line.message?.result !== undefined));
    const events = lines.flatMap((line) => (line.sessionId === sessionId ? [line.event] : []));
    assert.deepEqual(events, ['session-created', 'turn-finished', 'session-deleted']);
  });
});

/** Port and pid in `.info`. */
function infoOf(demo: DemoProcess): readonly number[] | undefined {
  return demo.read('.info')?.trim().split('\n').map(Number);
}

/** Port and pid in `.info.json`. */
function infoJsonOf(demo: DemoProcess): readonly unknown[] {
  const info = JSON.parse(demo.read('.info.json') ?? '{}') as Record<string, unknown>;
  return [info['websocketPort'], info['pid']];
}

interface RecordLine {
  readonly ts: number;
  readonly pid: number;
  readonly dir: string;
  readonly event?: string;
  readonly sessionId?: string;
  readonly unanswered?: readonly unknown[];
  readonly message?: Message;
}

function parseLine(line: string): RecordLine {
  return JSON.parse(line) as RecordLine;
}

/** The first such event of a recording, once it is there. */
async function eventOf(file: string, event: string): Promise<RecordLine> {
  for (let tries = 0; tries < 500; tries++) {
    const lines = readFileSync(file, 'utf8').trim().split('\n').map(parseLine);
    const found = lines.find((line) => line.event === event);
    if (found !== undefined) return found;
    await delay(10);
  }
  throw new Error(`no event ${event}`);
}
