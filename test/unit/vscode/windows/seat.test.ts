import assert from 'node:assert/strict';
import { Socket } from 'node:net';
import { describe, it } from 'mocha';
import { type ErrorCode, GatewayError } from '../../../../src/base/errors';
import { WINDOW_PROTOCOL } from '../../../../src/gateway/windowIdentity';
import type { Probe } from '../../../../src/vscode/windows/probe';
import { type SeatPlan, takeSeat } from '../../../../src/vscode/windows/seat';
import { rejectionOf } from '../../../support/errors';

const fails = (code: ErrorCode) => new GatewayError({ code, status: 503, message: `no: ${code}` });

/** A window that finds what it is told, and notes what it does. */
class Bench {
  readonly did: string[] = [];
  /** How each attempt to bind ends; the last one again and again. */
  leads: (ErrorCode | 'up')[] = ['port_in_use'];
  finds: (Exclude<Probe['kind'], 'ours'> | 'ours' | 'old')[] = ['ours'];
  follows: (ErrorCode | 'up')[] = ['up'];
  waitedMs = 0;
  abandonedAfterMs = Infinity;

  take(change: Partial<SeatPlan> = {}): Promise<void> {
    return takeSeat({
      port: 8317,
      arrival: 'fresh',
      hops: 0,
      lead: () => this.#act('lead', this.leads),
      follow: () => this.#act('follow', this.follows),
      probe: () => {
        const kind = next(this.finds);
        this.did.push(`see ${kind}`);
        if (kind !== 'ours' && kind !== 'old') return Promise.resolve({ kind });
        const protocol = kind === 'old' ? 99 : WINDOW_PROTOCOL;
        const identity = { protocol, version: '9.9.9', proof: '' };
        return Promise.resolve({ kind: 'ours', identity, socket: new Socket() });
      },
      pause: (ms) => {
        this.did.push('pause');
        this.waitedMs += ms;
        return Promise.resolve();
      },
      abandoned: () => this.waitedMs > this.abandonedAfterMs,
      random: () => 0.5,
      ...change,
    });
  }

  #act(what: string, ends: (ErrorCode | 'up')[]): Promise<void> {
    this.did.push(what);
    const end = next(ends);
    return end === 'up' ? Promise.resolve() : Promise.reject(fails(end));
  }
}

function next<T>(list: T[]): T {
  const first = list.length > 1 ? list.shift() : list[0];
  assert.ok(first !== undefined);
  return first;
}

describe('the place of a window', () => {
  it('is to lead when the port is free', async () => {
    const bench = new Bench();
    bench.leads = ['up'];
    await bench.take();
    assert.deepEqual(bench.did, ['lead']);
  });

  it('is to follow when one of ours has the port', async () => {
    const bench = new Bench();
    await bench.take();
    assert.deepEqual(bench.did, ['lead', 'see ours', 'follow']);
  });

  it('is none when the start fails otherwise', async () => {
    const bench = new Bench();
    bench.leads = ['start_failed'];
    assert.equal((await rejectionOf(bench.take())).code, 'start_failed');
    assert.deepEqual(bench.did, ['lead']);
  });

  for (const [seen, code, says] of [
    ['stranger', 'port_in_use', /no: port_in_use/],
    ['gateway', 'port_in_use', /8317.*another Lingma Gateway.*lingmaGateway\.port/],
    ['silent', 'port_in_use', /8317.*does not answer.*reload/],
    ['old', 'leader_outdated', /version 9\.9\.9.*Reload/],
  ] as const) {
    it(`is none, and says why, when the port is held by: ${seen}`, async () => {
      const bench = new Bench();
      bench.finds = [seen];
      const error = await rejectionOf(bench.take());
      assert.equal(error.code, code);
      assert.match(error.message, says);
      assert.ok(!bench.did.includes('follow'));
    });
  }

  it('is fought for again when whoever had the port has just gone', async () => {
    const bench = new Bench();
    bench.leads = ['port_in_use', 'up'];
    bench.finds = ['gone'];
    await bench.take();
    assert.deepEqual(bench.did, ['lead', 'see gone', 'pause', 'lead']);
  });

  it('is fought for again when the leader goes while it is being followed', async () => {
    const bench = new Bench();
    bench.follows = ['leader_gone', 'up'];
    await bench.take();
    const round = ['lead', 'see ours', 'follow'];
    assert.deepEqual(bench.did, [...round, 'pause', ...round]);
  });

  it('is given up when the port is neither free nor anybody’s, without a busy loop', async () => {
    const bench = new Bench();
    bench.finds = ['gone'];
    assert.equal((await rejectionOf(bench.take())).code, 'port_in_use');
    const tries = bench.did.filter((what) => what === 'lead').length;
    assert.ok(tries > 3 && tries < 12, `${tries} tries`);
    assert.ok(bench.waitedMs > 5_000 && bench.waitedMs < 60_000, `${bench.waitedMs} ms`);
  });

  it('comes after a moment of its own when the leader has gone', async () => {
    for (const [random, least, most] of [
      [0, 50, 50],
      [0.999, 399, 400],
    ] as const) {
      const bench = new Bench();
      bench.leads = ['up'];
      await bench.take({ arrival: 'succession', random: () => random });
      assert.deepEqual(bench.did, ['pause', 'lead']);
      assert.ok(bench.waitedMs >= least && bench.waitedMs <= most, String(bench.waitedMs));
    }
  });

  it('comes later and later when leaders go as soon as they are there', async () => {
    const waits = [];
    for (const hops of [0, 1, 2, 3, 4, 50]) {
      const bench = new Bench();
      bench.leads = ['up'];
      await bench.take({ arrival: 'succession', hops });
      waits.push(bench.waitedMs);
    }
    assert.deepEqual(waits, [225, 450, 900, 1_800, 3_600, 3_600]);
  });

  it('is left to a leader that restarts', async () => {
    const bench = new Bench();
    bench.leads = ['up'];
    bench.finds = ['gone', 'gone', 'ours'];
    await bench.take({ arrival: 'restart' });
    assert.equal(bench.did.at(-1), 'follow');
    assert.ok(!bench.did.includes('lead'));
  });

  it('is taken from a leader that does not come back', async () => {
    const bench = new Bench();
    bench.leads = ['up'];
    bench.finds = ['gone'];
    await bench.take({ arrival: 'restart' });
    assert.equal(bench.did.at(-1), 'lead');
    assert.ok(bench.waitedMs > 7_000 && bench.waitedMs < 10_000, `${bench.waitedMs} ms`);
  });

  it('is nobody’s once the window wants none', async () => {
    const bench = new Bench();
    bench.finds = ['gone'];
    bench.abandonedAfterMs = 300;
    await bench.take();
    assert.ok(bench.waitedMs < 1_000);
  });
});
