import assert from 'node:assert/strict';
import type { GatewaySnapshot } from '../../../src/gateway/snapshot';
import { commandIds } from '../../../src/vscode/ids';
import {
  renderStatusBar,
  statusBarState,
  tooltipCommands,
} from '../../../src/vscode/statusBarModel';
import { instance, snapshot, t } from './support';

describe('the status bar item', () => {
  const ready = (change: Partial<GatewaySnapshot> = {}) =>
    renderStatusBar({ kind: 'ready', role: 'leader', snapshot: snapshot(change) }, t, 'en');
  const { sessionCache } = snapshot();
  const warm = { ...sessionCache, hit_total: 87, miss_total: 13, hit_rate: 0.8696 };

  it('says off when stopped, and offers the start', () => {
    const view = renderStatusBar({ kind: 'stopped' }, t, 'en');
    assert.equal(view.text, '$(circle-slash) Lingma off');
    assert.equal(view.accessibilityLabel, 'Lingma Gateway: stopped');
    assert.equal(view.background, undefined);
    assert.match(view.tooltip, /\[Start\]\(command:lingmaGateway\.start\)/);
  });

  it('spins while it starts and stops', () => {
    const starting = renderStatusBar({ kind: 'starting', snapshot: null }, t, 'en');
    const stopping = renderStatusBar({ kind: 'stopping', snapshot: snapshot() }, t, 'en');
    assert.equal(starting.text, '$(loading~spin) Lingma starting');
    assert.equal(stopping.text, '$(loading~spin) Lingma stopping');
  });

  it('shows hit rate and ready instances of all', () => {
    const instances = [instance(), instance({ id: 'lingma-2' })];
    const view = ready({ sessionCache: warm, instances });
    assert.equal(view.text, '$(zap) Lingma · 87% · 2/2');
    assert.equal(
      view.accessibilityLabel,
      'Lingma Gateway: ready, hit rate 87%, 2 of 2 instances ready',
    );
    assert.match(view.tooltip, /`http:\/\/127\.0\.0\.1:8317\/v1`/);
    assert.equal(view.background, undefined);
  });

  it('counts one instance as one', () => {
    const { accessibilityLabel } = ready({ sessionCache: warm });
    assert.equal(accessibilityLabel, 'Lingma Gateway: ready, hit rate 87%, 1 of 1 instance ready');
  });

  it('shows no made-up rate before the first look-up, and none when the cache is off', () => {
    assert.equal(ready().text, '$(zap) Lingma · – · 1/1');
    const off = ready({ sessionCache: { ...sessionCache, enabled: false } });
    assert.equal(off.text, '$(zap) Lingma · 1/1');
    assert.doesNotMatch(off.accessibilityLabel, /hit rate/);
  });

  it('says demo, and how to leave it', () => {
    const view = ready({ demo: true, sessionCache: warm });
    assert.equal(view.text, '$(beaker) Lingma demo · 87% · 1/1');
    const link = /\(command:lingmaGateway\.openSettings\?([^)]+)\)/.exec(view.tooltip)?.[1];
    assert.deepEqual(JSON.parse(decodeURIComponent(link ?? '')), ['lingmaGateway.lingmaPath']);
  });

  it('says signed out when nobody is signed in anywhere, with the way in', () => {
    const view = ready({ instances: [instance({ signedIn: false })] });
    assert.equal(view.text, '$(sign-in) Lingma signed out · – · 1/1');
    assert.match(view.accessibilityLabel, /^Lingma Gateway: signed out, /);
    assert.equal(view.background, 'warning');
    assert.match(
      view.tooltip,
      /Signed out: lingma-1 · \[Sign In\]\(command:lingmaGateway\.signIn\)/,
    );
  });

  it('only mentions who is signed out where others answer', () => {
    const view = ready({
      instances: [instance({ signedIn: true }), instance({ id: 'lingma-2', signedIn: false })],
    });
    assert.equal(view.text, '$(warning) Lingma · – · 2/2');
    assert.equal(view.background, undefined);
    assert.match(view.tooltip, /Signed out: lingma-2 · \[Sign In\]/);
    assert.doesNotMatch(ready().tooltip, /Sign/);
  });

  it('warns when no instance is ready', () => {
    const view = ready({ instances: [instance({ state: 'reconnecting' })] });
    assert.equal(view.text, '$(warning) Lingma · – · 0/1');
    assert.equal(view.background, 'warning');
  });

  it('is degraded, without a colour, while some instances are not ready', () => {
    const instances = [instance(), instance({ id: 'lingma-2', state: 'reconnecting' })];
    const view = ready({ sessionCache: warm, instances });
    assert.equal(view.text, '$(warning) Lingma · 87% · 1/2');
    assert.equal(
      view.accessibilityLabel,
      'Lingma Gateway: degraded, hit rate 87%, 1 of 2 instances ready',
    );
    assert.equal(view.background, undefined);
  });

  it('shows that requests run, and how many', () => {
    const { concurrency } = snapshot();
    const one = ready({ sessionCache: warm, concurrency: { ...concurrency, inFlight: 1 } });
    assert.equal(one.text, '$(sync~spin) Lingma · 87% · 1/1');
    assert.match(one.accessibilityLabel, /: 1 request running, /);
    const two = ready({ demo: true, concurrency: { ...concurrency, inFlight: 2, queued: 3 } });
    assert.equal(two.text, '$(sync~spin) Lingma demo · – · 1/1');
    assert.match(two.accessibilityLabel, /: 2 requests running, /);
    assert.match(two.tooltip, /\| In flight \| 2, 3 waiting \|/);
  });

  it('looks the same in a window that follows, but for a small sign', () => {
    const state = { kind: 'ready', role: 'follower', snapshot: snapshot() } as const;
    const view = renderStatusBar(state, t, 'en');
    assert.equal(view.text, `${ready().text} $(link)`);
    assert.equal(
      view.accessibilityLabel,
      `${ready().accessibilityLabel}, served by another window`,
    );
    assert.match(view.tooltip, /Stop and Restart hold for all windows/);
    assert.doesNotMatch(ready().tooltip, /window/);
  });

  it('lays the numbers out in a table', () => {
    const { turns } = snapshot();
    const { tooltip } = ready({
      sessionCache: { ...warm, size: 3 },
      turns: { ...turns, inputTokens: 900, cachedTokens: 700 },
    });
    const rows = tooltip.split('\n').filter((line) => line.startsWith('|'));
    assert.deepEqual(rows, [
      '| | |',
      '|:--|:--|',
      '| Instances ready | 1 of 1 |',
      '| Hit rate | 87%, 87 hits, 13 misses |',
      '| Sessions | 3 of 256 |',
      '| In flight | 0, 0 waiting |',
      '| Saved | 700 of 900 tokens |',
    ]);
  });

  it('is in one state at a time', () => {
    const kind = (change: Partial<GatewaySnapshot> = {}) =>
      statusBarState({ kind: 'ready', role: 'leader', snapshot: snapshot(change) }).kind;
    const concurrency = { ...snapshot().concurrency, inFlight: 1 };
    const gone = instance({ id: 'lingma-2', state: 'failed' });
    const out = instance({ signedIn: false });
    assert.equal(kind(), 'ready');
    assert.equal(kind({ demo: true }), 'demo');
    assert.equal(kind({ demo: true, concurrency }), 'busy');
    assert.equal(kind({ concurrency, instances: [instance(), gone] }), 'degraded');
    assert.equal(kind({ concurrency, instances: [out, gone] }), 'signedOut');
    assert.equal(kind({ concurrency, instances: [gone] }), 'unavailable');
  });

  it('tells a failure and keeps its words from becoming markup', () => {
    const problem = 'Set [it](command:evil) to `C:\\Lingma`.';
    const view = renderStatusBar(
      { kind: 'failed', code: 'start_failed', problem, snapshot: null },
      t,
      'en',
    );
    assert.equal(view.text, '$(error) Lingma failed');
    assert.equal(view.background, 'error');
    assert.equal(view.accessibilityLabel, `Lingma Gateway: failed. ${problem}`);
    assert.ok(view.tooltip.includes('\\[it\\]\\(command\\:evil\\)'), view.tooltip);
  });

  it('links only to commands that the tooltip is trusted with', () => {
    const trusted = new Set<string>(tooltipCommands.map((name) => commandIds[name]));
    const views = [
      renderStatusBar({ kind: 'stopped' }, t, 'en'),
      renderStatusBar({ kind: 'starting', snapshot: null }, t, 'en'),
      renderStatusBar({ kind: 'failed', code: 'internal', problem: '', snapshot: null }, t, 'en'),
      ready({ demo: true }),
    ];
    for (const { tooltip } of views) {
      for (const [, id] of tooltip.matchAll(/\(command:([\w.]+)/g))
        assert.ok(trusted.has(id ?? ''));
    }
  });
});
