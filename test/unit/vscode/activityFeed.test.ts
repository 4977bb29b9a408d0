import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Emitter } from '../../../src/base/emitter';
import type { HostState } from '../../../src/dashboard/protocol';
import type { GatewayActivity } from '../../../src/gateway/activity';
import { silentLogger } from '../../../src/observe/log';
import { ActivityFeed, type ActivitySource } from '../../../src/vscode/activityFeed';
import { busyActivity, emptyActivity } from '../../dashboard/fixtures';

class FakeSource implements ActivitySource {
  readonly #changed = new Emitter<HostState>();
  readonly onDidChange = this.#changed.event;
  asked = 0;
  answer: () => Promise<GatewayActivity> = () => Promise.resolve(emptyActivity);
  serving: ActivitySource['serving'] = {
    activity: () => {
      this.asked += 1;
      return this.answer();
    },
  };

  change(): void {
    this.#changed.fire({ kind: 'stopped' });
  }
}

describe('the feed of activity', () => {
  let source: FakeSource;
  let feed: ActivityFeed;
  let heard: GatewayActivity[];

  function begin(pace = { leastMs: 20, runningMs: 10_000, idleMs: 10_000 }): void {
    source = new FakeSource();
    feed = new ActivityFeed(source, silentLogger, pace);
    heard = [];
    feed.onDidChange((activity) => heard.push(activity));
  }

  afterEach(() => {
    feed.dispose();
  });

  it('asks nothing while nobody watches', async () => {
    begin();
    source.change();
    feed.refresh();
    await sleep(60);
    assert.equal(source.asked, 0);
  });

  it('asks at once for who begins to watch, and when the gateway changes', async () => {
    begin();
    const watch = feed.watch();
    await sleep(40);
    assert.deepEqual([source.asked, heard], [1, [emptyActivity]]);
    assert.equal(feed.current, emptyActivity);
    source.change();
    await sleep(40);
    assert.equal(source.asked, 2);
    watch.dispose();
    watch.dispose();
    source.change();
    await sleep(60);
    assert.equal(source.asked, 2);
  });

  it('keeps to its pace however often the gateway changes', async () => {
    begin({ leastMs: 50, runningMs: 10_000, idleMs: 10_000 });
    const began = performance.now();
    const askedAfterMs: number[] = [];
    source.answer = () => {
      askedAfterMs.push(performance.now() - began);
      return Promise.resolve(emptyActivity);
    };
    feed.watch();
    while (source.asked < 5) {
      source.change();
      await sleep(1);
    }
    // Each timer may fire a millisecond early.
    for (const [index, ms] of askedAfterMs.entries())
      assert.ok(ms >= 49 * index, `after ${askedAfterMs.join(', ')} ms`);
  });

  it('waits for an answer before it asks again', async () => {
    begin();
    let open = 0;
    let most = 0;
    source.answer = async () => {
      most = Math.max(most, ++open);
      await sleep(50);
      open -= 1;
      return emptyActivity;
    };
    feed.watch();
    for (let round = 0; round < 10; round += 1) {
      source.change();
      await sleep(15);
    }
    assert.equal(most, 1);
    await sleep(120);
    assert.ok(source.asked >= 2, 'what changed meanwhile is asked for');
  });

  it('asks more often while turns run', async () => {
    begin({ leastMs: 5, runningMs: 20, idleMs: 10_000 });
    source.answer = () => Promise.resolve(busyActivity);
    feed.watch();
    while (source.asked < 3) await sleep(5);
    source.answer = () => Promise.resolve(emptyActivity);
    await sleep(60);
    const atRest = source.asked;
    await sleep(80);
    assert.equal(source.asked, atRest);
  });

  it('drops the answer of a gateway that is no longer there', async () => {
    begin();
    source.answer = async () => {
      await sleep(20);
      return busyActivity;
    };
    feed.watch();
    await sleep(5);
    source.serving = undefined;
    source.change();
    await sleep(50);
    assert.deepEqual([heard, feed.current], [[], undefined]);
  });

  it('goes on after a failure', async () => {
    begin();
    source.answer = () => Promise.reject(new Error('The connection was closed.'));
    feed.watch();
    await sleep(40);
    source.answer = () => Promise.resolve(emptyActivity);
    source.change();
    await sleep(40);
    assert.deepEqual(heard, [emptyActivity]);
  });
});
