import assert from 'node:assert/strict';
import type { GatewaySnapshot } from '../../../src/gateway/snapshot';
import { commandIds } from '../../../src/vscode/ids';
import { renderStatusBar, tooltipCommands } from '../../../src/vscode/statusBarModel';
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
    const instances = [instance(), instance({ id: 'lingma-2', state: 'reconnecting' })];
    const view = ready({ sessionCache: warm, instances });
    assert.equal(view.text, '$(zap) Lingma · 87% · 1/2');
    assert.equal(
      view.accessibilityLabel,
      'Lingma Gateway: ready, hit rate 87%, 1 of 2 instances ready',
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
    assert.equal(view.text, '$(zap) Lingma · – · 2/2');
    assert.equal(view.background, undefined);
    assert.match(view.tooltip, /Signed out: lingma-2 · \[Sign In\]/);
    assert.doesNotMatch(ready().tooltip, /Sign/);
  });

  it('warns when no instance is ready', () => {
    const view = ready({ instances: [instance({ state: 'reconnecting' })] });
    assert.equal(view.text, '$(warning) Lingma · – · 0/1');
    assert.equal(view.background, 'warning');
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
    assert.ok(view.tooltip.includes('\\[it\\]\\(command:evil\\)'), view.tooltip);
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
