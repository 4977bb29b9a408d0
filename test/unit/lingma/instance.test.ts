import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { GatewayError } from '../../../src/base/errors';
import { BackoffPolicy } from '../../../src/lingma/backoff';
import type { Connection, Connector } from '../../../src/lingma/connect/connector';
import type { AskRequest } from '../../../src/lingma/dialect';
import { headerFraming } from '../../../src/lingma/framing';
import { type Incarnation, Instance, type InstanceStatus } from '../../../src/lingma/instance';
import { createLogger } from '../../../src/observe/log';
import { isPending, settled } from '../../support/async';
import { FakeSocket } from '../../support/fakeSocket';
import { FakeTimeouts } from '../../support/fakeTimeouts';
import { ManualClock } from '../../support/manualClock';

const REFUSES = 'The program does not start.';

/** A process that answers its handshake, as far as the test lets it. */
class FakeProcess extends FakeSocket {
  stops = 0;
  status = 2;
  models: unknown = [{ key: 'm1', displayName: 'One' }];
  silent = new Set<string>();
  #end: (reason: string) => void = () => undefined;
  readonly ended = new Promise<string>((resolve) => (this.#end = resolve));

  override send(text: string): void {
    super.send(text);
    const call = this.sent.at(-1);
    if (!call?.method || call.id === undefined || this.silent.has(call.method)) return;
    const results: Record<string, unknown> = {
      'auth/status': { status: this.status, token: 'CANARY', refreshToken: 'CANARY' },
      'config/queryModels': this.models,
    };
    queueMicrotask(() => {
      this.say({ id: call.id, result: results[call.method ?? ''] ?? {} });
    });
  }

  crash(): void {
    this.#end('It crashed.');
    this.lose('gone');
  }

  connection(pid: number): Connection {
    return {
      peer: 'spawned',
      socket: this,
      framing: headerFraming,
      pid,
      port: 1,
      cwd: '',
      ended: this.ended,
      stop: () => {
        this.stops++;
        this.#end('It was stopped.');
        return Promise.resolve();
      },
    };
  }
}

/** An instance with its processes, in the order they were started. */
function setUp(attempts = 3, firstMs = 1, maxMs = firstMs) {
  const processes: FakeProcess[] = [];
  const states: string[] = [];
  const lost: Incarnation[] = [];
  const clock = new ManualClock();
  /** Lines of the log at the level `error`. */
  const errors: string[] = [];
  /** When a process was asked for, in milliseconds. */
  const attemptsAt: number[] = [];
  let refuse: GatewayError | undefined;
  let hang = false;
  const connector: Connector = {
    connect: async (signal) => {
      attemptsAt.push(performance.now());
      if (refuse) throw refuse;
      if (hang) {
        await new Promise((_, reject) => {
          signal.addEventListener('abort', () => {
            reject(new GatewayError({ code: 'stopping', status: 503, message: 'Aborted.' }));
          });
        });
      }
      const next = new FakeProcess();
      processes.push(next);
      return next.connection(processes.length);
    },
  };
  const instance = new Instance({
    id: 'i1',
    connector,
    limits: { idleMs: 1_000, turnMs: 1_000 },
    backoff: new BackoffPolicy({ firstMs, maxMs, attempts, jitter: 0 }),
    coolDown: new BackoffPolicy({ firstMs: 30_000, maxMs: 100_000, attempts: 0, jitter: 0 }),
    clock,
    logger: createLogger((level, line) => {
      if (level === 'error') errors.push(line);
    }),
    onStatus: (status: InstanceStatus, before: InstanceStatus) => {
      if (status.state !== before.state) states.push(status.state);
    },
    onLost: (owner) => lost.push(owner),
  });
  const reach = async (state: InstanceStatus['state']): Promise<void> => {
    const deadline = performance.now() + 10_000;
    while (instance.status.state !== state) {
      if (performance.now() > deadline) assert.fail(`${instance.status.state}, not ${state}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  };
  const current = (): FakeProcess => {
    const last = processes.at(-1);
    assert.ok(last);
    return last;
  };
  return {
    instance,
    processes,
    states,
    lost,
    clock,
    errors,
    attemptsAt,
    reach,
    current,
    refuseToStart: (retryable: boolean) => {
      refuse = new GatewayError({ code: 'start_failed', status: 503, message: REFUSES, retryable });
    },
    startAgain: () => (refuse = undefined),
    hangInConnect: () => (hang = true),
    goOn: () => (hang = false),
  };
}

const liveOf = (instance: Instance) => {
  assert.equal(instance.status.state, 'ready');
  return instance.status.live;
};

describe('lingma/instance', () => {
  describe('its life', () => {
    it('is stopped, starting, ready, and closed in the end', async () => {
      const { instance, states, reach, current, lost } = setUp();
      assert.equal(instance.status.state, 'stopped');
      instance.start();
      await reach('ready');
      const { owner } = liveOf(instance);
      await instance.close();
      assert.deepEqual(states, ['starting', 'ready', 'reconnecting', 'closed']);
      assert.deepEqual(lost, [owner]);
      assert.equal(current().stops, 1);
    });

    it('C-32 (32) starts one process, however often it is asked', async () => {
      const { instance, processes, reach } = setUp();
      for (let count = 0; count < 5; count++) instance.start();
      await reach('ready');
      assert.equal(processes.length, 1);
      await instance.close();
    });

    it('gets another process when the one it had is lost', async () => {
      const { instance, processes, lost, reach, current } = setUp();
      instance.start();
      await reach('ready');
      const { owner } = liveOf(instance);
      current().crash();
      assert.equal(instance.status.state, 'reconnecting');
      assert.deepEqual(lost, [owner]);
      await reach('ready');
      assert.notEqual(liveOf(instance).owner, owner);
      assert.deepEqual([processes.length, instance.incarnations], [2, 2]);
      await instance.close();
    });

    it('gives up after so many failures in a row, and says why', async () => {
      const { instance, refuseToStart, reach, states } = setUp(3);
      refuseToStart(true);
      instance.start();
      await reach('failed');
      assert.deepEqual(instance.status, { state: 'failed', problem: REFUSES, retryAtMs: 30_000 });
      assert.deepEqual(states, ['starting', 'reconnecting', 'failed']);
      await instance.close();
    });

    it('C-32 (32) gives up on a process that crashes again and again without having served', async () => {
      const { instance, processes, reach, current } = setUp(2);
      instance.start();
      for (let round = 0; round < 3; round++) {
        await reach('ready');
        current().crash();
      }
      await reach('failed');
      assert.equal(processes.length, 3);
      await instance.close();
    });

    it('C-32 (32) waits longer from one attempt to the next, however often it is asked', async () => {
      const { instance, refuseToStart, reach, attemptsAt } = setUp(3, 40, 100);
      refuseToStart(true);
      const asking = setInterval(() => {
        instance.start();
      }, 1);
      instance.start();
      await reach('failed');
      clearInterval(asking);
      const waits = attemptsAt.slice(1).map((at, index) => at - (attemptsAt[index] ?? 0));
      assert.equal(waits.length, 3);
      // A timer may fire a millisecond early.
      for (const [index, least] of [40, 80, 100].entries()) {
        assert.ok((waits[index] ?? 0) > least - 2, `waited ${waits.join(', ')} ms`);
      }
      await instance.close();
    });

    it('forgives failures to a process that was stable meanwhile', async () => {
      const { instance, clock, reach, current } = setUp(2);
      instance.start();
      for (let round = 0; round < 6; round++) {
        await reach('ready');
        clock.advance(11_000);
        current().crash();
      }
      await reach('ready');
      await instance.close();
    });

    it('does not try again what cannot end differently', async () => {
      const { instance, refuseToStart, reach, states } = setUp(5);
      refuseToStart(false);
      instance.start();
      await reach('failed');
      assert.deepEqual(states, ['starting', 'failed']);
      await instance.close();
    });
  });

  describe('a process that ends in the middle of turns', () => {
    const ask = (instance: Instance): void => {
      const request = { sessionId: undefined, prompt: 'p', images: [], modelKey: '', mode: 'chat' };
      liveOf(instance).dialect.ask(request as AskRequest, {
        completed: () => undefined,
        ended: () => undefined,
      });
    };

    it('did start, so it is replaced however often that happens, and ever later', async () => {
      const { instance, reach, current, attemptsAt } = setUp(2, 4, 16);
      instance.start();
      for (let round = 0; round < 6; round++) {
        await reach('ready');
        ask(instance);
        current().crash();
      }
      await reach('ready');
      const waits = attemptsAt.slice(1).map((at, index) => at - (attemptsAt[index] ?? 0));
      // A timer may fire a millisecond early.
      for (const [index, least] of [4, 8, 16, 16, 16, 16].entries()) {
        assert.ok((waits[index] ?? 0) > least - 2, `waited ${waits.join(', ')} ms`);
      }
      await instance.close();
    });

    it('leaves it all its attempts to start', async () => {
      const { instance, reach, current, processes } = setUp(2);
      instance.start();
      for (const busy of [false, false, true, false, false, false]) {
        await reach('ready');
        if (busy) ask(instance);
        current().crash();
      }
      await reach('failed');
      assert.equal(processes.length, 6);
      await instance.close();
    });
  });

  describe('one that has given up', () => {
    it('says so in the log, with the reason and what helps', async () => {
      const { instance, refuseToStart, reach, errors } = setUp(0);
      refuseToStart(true);
      instance.start();
      await reach('failed');
      assert.equal(errors.length, 1);
      assert.ok(errors[0]?.startsWith(REFUSES), errors[0]);
      assert.match(errors[0] ?? '', /30 s.*restart/i);
      await instance.close();
    });

    it('tries once more when it is wanted after its cool-down, which grows', async () => {
      const { instance, refuseToStart, reach, clock, attemptsAt } = setUp(2);
      refuseToStart(true);
      instance.start();
      await reach('failed');
      assert.equal(attemptsAt.length, 3);
      for (const coolDownMs of [30_000, 60_000, 100_000, 100_000]) {
        const { length } = attemptsAt;
        clock.advance(coolDownMs - 1);
        instance.revive();
        assert.equal(instance.status.state, 'failed');
        clock.advance(1);
        for (let count = 0; count < 3; count++) instance.revive();
        assert.equal(instance.status.state, 'starting');
        await reach('failed');
        assert.equal(attemptsAt.length, length + 1);
      }
      await instance.close();
    });

    it('also where trying again at once would have been in vain', async () => {
      const { instance, refuseToStart, startAgain, reach, clock } = setUp();
      refuseToStart(false);
      instance.start();
      await reach('failed');
      startAgain();
      clock.advance(30_000);
      instance.revive();
      await reach('ready');
      await instance.close();
    });

    it('is as good as new once it has worked again, and not before', async () => {
      const { instance, refuseToStart, startAgain, reach, clock, current } = setUp(2);
      const retryInMs = (): number => {
        assert.equal(instance.status.state, 'failed');
        return instance.status.retryAtMs - clock.monotonicMs();
      };
      refuseToStart(true);
      instance.start();
      await reach('failed');
      clock.advance(30_000);
      startAgain();
      instance.revive();
      await reach('ready');
      // It came to life and died by itself: that was the one attempt it had.
      current().crash();
      await reach('failed');
      assert.equal(retryInMs(), 60_000);
      clock.advance(60_000);
      instance.revive();
      await reach('ready');
      clock.advance(11_000);
      for (let round = 0; round < 3; round++) {
        await reach('ready');
        current().crash();
      }
      await reach('failed');
      assert.equal(retryInMs(), 30_000);
      await instance.close();
    });

    it('starts nothing when it runs, is closed, or was never started', async () => {
      const { instance, processes, reach, clock } = setUp();
      instance.revive();
      assert.equal(instance.status.state, 'stopped');
      instance.start();
      await reach('ready');
      clock.advance(1e9);
      instance.revive();
      await instance.close();
      instance.revive();
      await settled();
      assert.deepEqual([instance.status.state, processes.length], ['closed', 1]);
    });
  });

  describe('a restart', () => {
    it('gives it a new process; the old one gets no turn from the first moment on', async () => {
      const { instance, processes, lost, reach } = setUp();
      instance.start();
      await reach('ready');
      const { owner } = liveOf(instance);
      instance.restart();
      assert.notEqual(instance.status.state, 'ready');
      assert.deepEqual(lost, [owner]);
      await reach('ready');
      assert.deepEqual(
        processes.map(({ stops }) => stops),
        [1, 0],
      );
      await instance.close();
    });

    it('lets one that has given up try again, with all its attempts', async () => {
      const { instance, refuseToStart, startAgain, reach, states } = setUp(2);
      refuseToStart(true);
      instance.start();
      await reach('failed');
      instance.restart();
      assert.equal(instance.status.state, 'starting');
      await reach('failed');
      startAgain();
      instance.restart();
      await reach('ready');
      assert.deepEqual(states, [
        ...['starting', 'reconnecting', 'failed'],
        ...['starting', 'reconnecting', 'failed'],
        ...['starting', 'ready'],
      ]);
      await instance.close();
    });

    it('ends an attempt that hangs', async () => {
      const { instance, hangInConnect, goOn, reach } = setUp();
      hangInConnect();
      instance.start();
      await settled();
      goOn();
      instance.restart();
      await reach('ready');
      await instance.close();
    });

    it('starts one new process, however often it is asked', async () => {
      const { instance, processes, reach } = setUp();
      instance.start();
      await reach('ready');
      for (let count = 0; count < 5; count++) instance.restart();
      await reach('ready');
      await settled();
      assert.equal(processes.length, 2);
      await instance.close();
    });

    it('is nothing to a closed one', async () => {
      const { instance, processes } = setUp();
      await instance.close();
      instance.restart();
      await settled();
      assert.deepEqual([instance.status.state, processes.length], ['closed', 0]);
    });
  });

  describe('a refresh', () => {
    it('takes over a sign-in and the models it brings, on the same process', async () => {
      const { instance, reach, current, processes } = setUp();
      instance.start();
      await reach('ready');
      const before = liveOf(instance);
      current().status = 0;
      current().models = [{ key: 'm2', displayName: 'Two' }];
      await instance.refresh();
      const after = liveOf(instance);
      assert.equal(after.owner, before.owner);
      assert.deepEqual([before.signedIn, after.signedIn], [true, false]);
      assert.deepEqual(
        after.models.map(({ id }) => id),
        ['m2'],
      );
      assert.equal(processes.length, 1);
      assert.doesNotMatch(JSON.stringify([before, after]), /CANARY/);
      await instance.close();
    });

    it('changes nothing when nothing has changed, and asks once for many', async () => {
      const { instance, reach, current } = setUp();
      instance.start();
      await reach('ready');
      const before = liveOf(instance);
      await Promise.all([instance.refresh(), instance.refresh(), instance.refresh()]);
      assert.equal(liveOf(instance), before);
      assert.equal(current().calls('auth/status').length, 2);
      await instance.close();
    });

    it('keeps what it knew when the process is lost meanwhile', async () => {
      const { instance, reach, current } = setUp();
      instance.start();
      await reach('ready');
      current().silent.add('auth/status');
      const refreshing = instance.refresh();
      current().crash();
      await refreshing;
      await reach('ready');
      assert.equal(liveOf(instance).signedIn, true);
      await instance.close();
    });
  });

  describe('a probe', () => {
    it('lets a process live that answers, be it with a refusal', async () => {
      const { instance, reach, current } = setUp();
      instance.start();
      await reach('ready');
      const live = liveOf(instance);
      current().silent.add('ping');
      await FakeTimeouts.during(async (time) => {
        live.probe();
        const [ping] = current().calls('ping');
        current().say({ id: ping?.id, error: { code: -32601, message: 'unknown' } });
        await settled();
        time.advance(60_000);
        await settled();
      });
      assert.equal(liveOf(instance).owner, live.owner);
      await instance.close();
    });

    it('replaces one that stays silent', async () => {
      const { instance, reach, current, processes } = setUp();
      instance.start();
      await reach('ready');
      const live = liveOf(instance);
      current().silent.add('ping');
      await FakeTimeouts.during(async (time) => {
        live.probe();
        time.advance(4_999);
        assert.ok(await isPending(current().ended));
        time.advance(1);
        await settled();
      });
      await reach('ready');
      assert.notEqual(liveOf(instance).owner, live.owner);
      assert.deepEqual([processes.length, processes[0]?.stops], [2, 1]);
      await instance.close();
    });
  });
});
