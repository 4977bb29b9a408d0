/** Several windows of one user: real gateways, sockets and demo processes, without VS Code. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { freePort } from '../../scripts/ports.mjs';
import type { TurnEvent, TurnPlacement } from '../../src/conversation/events';
import type { Message, TurnRequest } from '../../src/conversation/messages';
import type { HostState } from '../../src/dashboard/protocol';
import { CHALLENGE_HEADER, newChallenge } from '../../src/gateway/windowIdentity';
import { createLogger } from '../../src/observe/log';
import type { Failure, GatewayController } from '../../src/vscode/controller';
import { OptionsWatch } from '../../src/vscode/optionsWatch';
import type { Settings } from '../../src/vscode/settings';
import { assertCode, rejectionOf } from '../support/errors';
import { eventually, HeadlessGateway } from '../support/headless';
import { assistant, image, user } from '../support/messages';
import { useTempDirs } from '../support/tempDir';
import { openWindow } from '../support/window';

const never = new AbortController().signal;
const pixel =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

type Writable<T> = { -readonly [Name in keyof T]: T[Name] };

/** One window, and everything that was seen of it. */
class Window {
  readonly controller: GatewayController;
  readonly states: string[] = [];
  readonly failures: Failure[] = [];
  readonly log: string[] = [];
  /** Tells the window that the settings have changed. */
  readonly watch: OptionsWatch;

  constructor(apiKey: string, workDir: string, settings: Partial<Settings>) {
    const logger = createLogger((_, line) => this.log.push(line), 'debug');
    const { controller, buildOptions } = openWindow({ apiKey, workDir, logger, settings });
    this.controller = controller;
    controller.onDidChange((state) => {
      const now = describeState(state);
      if (now !== this.states.at(-1)) this.states.push(now);
    });
    controller.onDidFail((failure) => this.failures.push(failure));
    this.watch = new OptionsWatch({ logger, controller, buildOptions, settleMs: 20 });
  }

  /** Waits for a state by its kind, and its role when it is ready. */
  async is(wanted: string, timeoutMs = 15_000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const now = describeState(this.controller.state);
      if (now === wanted) return;
      const story = [...this.states, ...this.log].join('\n');
      if (performance.now() > deadline) assert.fail(`${now} and not ${wanted}:\n${story}`);
      await sleep(5);
    }
  }

  get gateway() {
    const gateway = this.controller.serving;
    assert.ok(gateway, `no gateway while ${this.controller.state.kind}`);
    return gateway;
  }

  close(): Promise<void> {
    this.watch.dispose();
    return this.controller.shutdown();
  }
}

function describeState(state: HostState): string {
  return state.kind === 'ready' ? state.role : state.kind;
}

function ask(...messages: readonly Message[]): TurnRequest {
  return { model: 'org_auto', messages, tools: [], toolChoice: { mode: 'auto' } };
}

async function readAll(events: AsyncIterable<TurnEvent>) {
  let placement: TurnPlacement | undefined;
  let text = '';
  for await (const event of events) {
    if (event.type === 'start') placement = event.placement;
    if (event.type === 'text') text += event.delta;
  }
  return { reason: placement?.reason, text };
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const statusOf = (port: number) =>
  fetch(`http://127.0.0.1:${port}/`).then(
    ({ status }) => status,
    () => 0,
  );

describe('windows of one user', function () {
  // Each window starts a gateway with a process of its own, some of them several.
  this.timeout(60_000);
  const tempDir = useTempDirs();
  const windows: Window[] = [];
  const processes: ChildProcess[] = [];
  const stateHome = process.env['XDG_STATE_HOME'];
  let port: number;
  let workDir: string;
  let settings: Writable<Partial<Settings>>;

  beforeEach(async () => {
    process.env['XDG_STATE_HOME'] = tempDir();
    workDir = path.join(tempDir(), 'instances');
    port = await freePort();
    settings = { port };
  });
  const closeAll = () => Promise.all(windows.splice(0).map((window) => window.close()));
  afterEach(async () => {
    await closeAll();
    for (const child of processes.splice(0)) child.kill('SIGKILL');
    if (stateHome === undefined) delete process.env['XDG_STATE_HOME'];
    else process.env['XDG_STATE_HOME'] = stateHome;
  });

  /** All windows of one editor share work folder and settings; the key is another one in a browser. */
  function open(apiKey = 'the key'): Window {
    const window = new Window(apiKey, workDir, settings);
    windows.push(window);
    return window;
  }
  async function pair(): Promise<[Window, Window]> {
    const leader = open();
    await leader.controller.start();
    const follower = open('another key');
    await follower.controller.start();
    assert.deepEqual(
      [leader, follower].map(({ controller }) => describeState(controller.state)),
      ['leader', 'follower'],
      [...leader.log, ...follower.log].join('\n'),
    );
    return [leader, follower];
  }

  /** A window that leads, in a process of its own. */
  async function openProcess(): Promise<ChildProcess> {
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', 'test/support/windowProcess.ts', String(port), 'the key', workDir],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    processes.push(child);
    for await (const line of createInterface(child.stdout)) if (line === 'leader') break;
    return child;
  }

  /** The least of several times that it takes: the machine may be busy with something else. */
  async function fastest(takeOver: () => Promise<number>): Promise<number> {
    let leastMs = Infinity;
    for (let round = 0; round < 3 && leastMs >= 2_000; round++) {
      await closeAll();
      leastMs = Math.min(leastMs, await takeOver());
    }
    return leastMs;
  }

  it('have one gateway: the first leads, the next one follows and shows the same', async () => {
    const [leader, follower] = await pair();
    assert.deepEqual(follower.states, ['starting', 'follower']);
    assert.deepEqual(follower.failures, []);
    const connection = { baseUrl: `http://127.0.0.1:${port}`, apiKey: 'the key' };
    assert.deepEqual(await leader.controller.connection(), connection);
    assert.deepEqual(await follower.controller.connection(), connection);
    const pids = [leader, follower].map(({ gateway }) =>
      gateway.snapshot().instances.map(({ pid }) => pid),
    );
    assert.deepEqual(pids[0], pids[1]);
    const [own, followed] = await Promise.all([
      leader.gateway.models(never),
      follower.gateway.models(never),
    ]);
    assert.deepEqual(followed, JSON.parse(JSON.stringify(own)));
    assert.deepEqual(await follower.gateway.activity(), {
      ...(await leader.gateway.activity()),
      history: (await follower.gateway.activity()).history,
    });
    assert.deepEqual(
      await follower.gateway.effectiveConfig(),
      JSON.parse(JSON.stringify(await leader.gateway.effectiveConfig())),
    );
  });

  for (const host of ['127.0.0.2', '0.0.0.0']) {
    it(`find each other where the gateway listens on ${host}`, async () => {
      settings.host = host;
      const [leader, follower] = await pair();
      const connection = await follower.controller.connection();
      assert.equal(
        connection?.baseUrl,
        `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`,
      );
      assert.deepEqual(
        await leader.controller.connection(),
        await follower.controller.connection(),
      );
      assert.ok((await follower.gateway.models(never)).length > 0);
    });
  }

  it('talk through the one gateway, in one session with what came over HTTP', async () => {
    const [leader, follower] = await pair();
    const first = await readAll(follower.gateway.chat(ask(user('DEMO:echo one')), never));
    assert.deepEqual(first, { reason: 'new', text: 'one' });
    const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer the key', 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'org_auto',
        messages: [
          { role: 'user', content: 'DEMO:echo one' },
          { role: 'assistant', content: 'one' },
          { role: 'user', content: 'DEMO:echo two' },
        ],
      }),
    });
    assert.match(response.headers.get('x-lingma-session') ?? '', /continued/);
    const talk = [user('DEMO:echo one'), assistant('one'), user('DEMO:echo two')];
    const third = ask(...talk, assistant('two'), user('DEMO:echo three'));
    assert.deepEqual(await readAll(follower.gateway.chat(third, never)), {
      reason: 'continued',
      text: 'three',
    });
    const rounds = [...third.messages, assistant('three'), user('DEMO:echo four')];
    const fourth = await readAll(leader.gateway.chat(ask(...rounds), never));
    assert.deepEqual(fourth, { reason: 'continued', text: 'four' });
    // The numbers of both are the same, a moment later.
    await eventually('the number of turns', () => {
      const { state } = follower.controller;
      return state.kind === 'ready' && state.snapshot.turns.completed === 4;
    });
  });

  it('pass on pictures, errors and the end of who asked', async () => {
    const [, { gateway }] = await pair();
    const seen = await readAll(gateway.chat(ask(user('What is this?', image(pixel))), never));
    assert.match(seen.text, /and 1 image arrived/);
    const unknown = { ...ask(user('hello')), model: 'no such model' };
    assertCode(await rejectionOf(readAll(gateway.chat(unknown, never))), 'model_not_found');
    const abort = new AbortController();
    const reason = new Error('enough');
    const cut = gateway.chat(ask(user('DEMO:hang')), abort.signal);
    const rejected = assert.rejects(readAll(cut));
    const latest = async () => (await gateway.activity()).requests[0]?.state;
    await eventually('the turn waits', async () => (await latest()) === 'waiting');
    abort.abort(reason);
    await rejected;
    await eventually('the turn is cancelled', async () => (await latest()) === 'cancelled');
  });

  it('steer the one gateway from each of them', async () => {
    const [leader, follower] = await pair();
    await readAll(follower.gateway.chat(ask(user('DEMO:echo one')), never));
    const [session] = (await follower.gateway.activity()).sessions;
    assert.ok(session);
    assert.equal(await follower.gateway.evictSession('none'), false);
    assert.equal(await follower.gateway.evictSession(session.id), true);
    await readAll(follower.gateway.chat(ask(user('DEMO:echo two')), never));
    assert.equal(await follower.controller.clearSessions(), 1);
    const [request] = (await follower.gateway.activity()).requests;
    assert.ok(request);
    const details = await follower.gateway.requestDetails(request.id);
    assert.equal(details?.request.id, request.id);
    assert.equal(await follower.gateway.requestDetails('none'), undefined);
    const before = leader.gateway.snapshot().instances[0]?.pid;
    await follower.controller.actOnInstance('restart', 'lingma-1');
    await eventually('another process', () => {
      const [now] = follower.gateway.snapshot().instances;
      return now?.state === 'ready' && now.pid !== before;
    });
  });

  it('go on when the leader closes: one of them takes over, the others follow it', async () => {
    const leastMs = await fastest(async () => {
      const [leader, second] = await pair();
      const third = open();
      await third.controller.start();
      const began = performance.now();
      const closed = leader.close();
      while ((await statusOf(port)) !== 200) await sleep(5);
      const tookMs = performance.now() - began;
      console.log(`      closed: answers after ${Math.round(tookMs)} ms`);
      await closed;
      const roles = () =>
        [second, third].map(({ controller }) => describeState(controller.state)).sort();
      await eventually('their new roles', () => roles().join() === 'follower,leader');
      for (const { states, failures } of [second, third]) {
        assert.ok(!states.includes('failed') && !states.includes('stopped'), states.join());
        assert.deepEqual(failures, []);
      }
      // The same folder, and with it the same sign-in: the new leader waited for it.
      const log = [...second.log, ...third.log].join('\n');
      assert.doesNotMatch(log, /instances-2/);
      return tookMs;
    });
    assert.ok(leastMs < 2_000, `${leastMs} ms`);
  });

  it('go on within two seconds when the leader is killed', async () => {
    const leastMs = await fastest(async () => {
      const child = await openProcess();
      const followers = [open(), open()];
      for (const { controller } of followers) await controller.start();
      for (const follower of followers) await follower.is('follower');
      const began = performance.now();
      child.kill('SIGKILL');
      await once(child, 'exit');
      while ((await statusOf(port)) !== 200) await sleep(5);
      const tookMs = performance.now() - began;
      console.log(`      killed: answers after ${Math.round(tookMs)} ms`);
      const roles = () => followers.map(({ controller }) => describeState(controller.state)).sort();
      await eventually('their new roles', () => roles().join() === 'follower,leader');
      return tookMs;
    });
    assert.ok(leastMs < 2_000, `${leastMs} ms`);
  });

  it('say what to do when the leader hangs, and follow it once it goes on', async () => {
    const child = await openProcess();
    child.kill('SIGSTOP');
    const late = open();
    const state = await late.controller.start();
    assert.ok(state.kind === 'failed' && state.code === 'port_in_use');
    assert.match(state.problem, /does not answer.*reload that one; else choose another port/);
    child.kill('SIGCONT');
    await late.is('follower');
  });

  it('stop and start together, whichever of them is asked', async () => {
    const [leader, follower] = await pair();
    await follower.controller.stop();
    await leader.is('stopped');
    assert.equal(describeState(follower.controller.state), 'stopped');
    assert.equal(await statusOf(port), 0);
    assert.deepEqual([leader.failures, follower.failures], [[], []]);

    await follower.controller.start();
    await leader.is('follower');
    assert.equal(describeState(follower.controller.state), 'leader');
    await follower.controller.stop();
    await leader.is('stopped');
  });

  it('restart in place, also when another one asks for it', async () => {
    const [leader, follower] = await pair();
    const before = leader.gateway.snapshot().instances[0]?.pid;
    const state = await follower.controller.restart();
    assert.ok(state.kind === 'ready' && state.role === 'follower', follower.log.join('\n'));
    await leader.is('leader');
    assert.notEqual(leader.gateway.snapshot().instances[0]?.pid, before);
    await leader.controller.restart();
    await follower.is('follower');
    await leader.is('leader');
    assert.ok(!follower.states.includes('failed'));
  });

  it('have what was changed in any of them', async () => {
    const [leader, follower] = await pair();
    settings.instances = 2;
    for (const { watch } of [follower, leader]) watch.notice();
    await eventually('two instances are ready', () => {
      const { instances } = follower.gateway.snapshot();
      return instances.filter(({ state }) => state === 'ready').length === 2;
    });
    assert.deepEqual(follower.states, ['starting', 'follower'], 'nothing was restarted');

    const other = await freePort();
    settings.port = other;
    for (const { watch } of [follower, leader]) watch.notice();
    const roles = () => [leader, follower].map((window) => describeState(window.controller.state));
    await eventually('both are at the other port', () =>
      [leader, follower].every((window) => {
        const { state } = window.controller;
        return state.kind === 'ready' && state.snapshot.baseUrl?.endsWith(`:${other}`);
      }),
    );
    assert.deepEqual(roles().sort(), ['follower', 'leader']);
  });

  it('fail together when Lingma cannot be started, and say it once', async () => {
    const [leader, follower] = await pair();
    settings.lingmaPath = '/nowhere/lingma';
    for (const { watch } of [follower, leader]) watch.notice();
    await leader.is('failed');
    assert.deepEqual(
      leader.failures.map(({ code }) => code),
      ['binary_not_found'],
    );
    delete settings.lingmaPath;
    for (const { watch } of [follower, leader]) watch.notice();
    const roles = () =>
      [leader, follower].map((window) => describeState(window.controller.state)).sort();
    await eventually('their new roles', () => roles().join() === 'follower,leader', 20_000);
  });

  it('stand alone on a port that the system picks', async () => {
    settings.port = 0;
    const both = [open(), open()];
    for (const { controller } of both) await controller.start();
    assert.deepEqual(
      both.map(({ controller }) => describeState(controller.state)),
      ['leader', 'leader'],
    );
    const urls = both.map(({ gateway }) => gateway.snapshot().baseUrl);
    assert.notEqual(urls[0], urls[1]);
  });

  it('do not take the launcher for one of them', async () => {
    const launcher = await HeadlessGateway.launch({ flags: ['--api-key', 'the key'] });
    try {
      settings.port = Number(new URL(launcher.baseUrl).port);
      const window = open();
      const state = await window.controller.start();
      assert.ok(state.kind === 'failed' && state.code === 'port_in_use');
      assert.match(state.problem, /another Lingma Gateway/);
      assert.equal((await launcher.fetch('/internal/events')).status, 404);
    } finally {
      await launcher.stop();
    }
  });

  it('prove who they are to a proper challenge, and tell only their own of the rest', async () => {
    const leader = open();
    await leader.controller.start();
    const base = `http://127.0.0.1:${port}`;
    const identityFor = async (challenge: string) => {
      const headers = { [CHALLENGE_HEADER]: challenge };
      const response = await fetch(`${base}/healthz`, { headers });
      return [response.status, (await response.json()) as Record<string, unknown>] as const;
    };
    const [status, health] = await identityFor(newChallenge());
    assert.equal(status, 200);
    assert.deepEqual(Object.keys(health['identity'] as object), ['protocol', 'version', 'proof']);
    for (const challenge of ['ab', 'x'.repeat(32), 'ab'.repeat(65)]) {
      assert.equal((await identityFor(challenge))[0], 400, challenge);
    }
    assert.ok(!('identity' in ((await (await fetch(`${base}/healthz`)).json()) as object)));
    for (const [method, pathname] of [
      ['GET', 'events'],
      ['POST', 'chat'],
      ['GET', 'connection'],
      ['POST', 'host'],
    ] as const) {
      const response = await fetch(`${base}/internal/${pathname}`, { method });
      assert.equal(response.status, 401, pathname);
    }
    const post = (pathname: string, body: object) =>
      fetch(`${base}/internal/${pathname}`, {
        method: 'POST',
        headers: { authorization: 'Bearer the key', 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
    for (const [pathname, body, param] of [
      ['host', { action: 'explode' }, 'action'],
      ['chat', { ...ask(user('hello')), toolChoice: { mode: 'maybe' } }, 'toolChoice.mode'],
      [
        'chat',
        ask({ role: 'user', parts: [{ type: 'text' } as never], path: '' }),
        'messages[0].parts[0].text',
      ],
    ] as const) {
      const response = await post(pathname, body);
      const { error } = (await response.json()) as { error: { param: string } };
      assert.deepEqual([response.status, error.param], [400, param]);
    }
    assert.equal(describeState(leader.controller.state), 'leader');
  });

  it('send nothing to a stranger on the port', async () => {
    const heard: string[] = [];
    const stranger = createServer((request, response) => {
      heard.push(`${request.method ?? ''} ${request.url ?? ''} ${JSON.stringify(request.headers)}`);
      response.end('{}');
    });
    settings.port = await listening(stranger);
    const window = open();
    const state = await window.controller.start();
    assert.ok(state.kind === 'failed' && state.code === 'port_in_use');
    assert.match(state.problem, new RegExp(`Port ${settings.port} .*choose another port`));
    assert.equal(window.failures.length, 1);
    await window.close();
    stranger.close();
    assert.ok(heard.length > 0);
    for (const line of heard) assert.match(line, /^GET \/healthz (?!.*(authorization|key))/);
  });
});
