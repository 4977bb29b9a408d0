import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { Emitter } from '../../../src/base/emitter';
import type { HostState } from '../../../src/dashboard/protocol';
import { type ApiSource, createExports } from '../../../src/vscode/api';
import { instance, snapshot, t } from './support';

/** A controller in one state, whose start reaches another. */
function api(state: HostState, more: { readonly started?: HostState; readonly key?: string } = {}) {
  const { started = state, key } = more;
  const changes = new Emitter<HostState>();
  let now = state;
  const source: ApiSource = {
    get state() {
      return now;
    },
    serving: undefined,
    connection: () =>
      Promise.resolve(
        key === undefined ? undefined : { baseUrl: 'http://127.0.0.1:1', apiKey: key },
      ),
    start: () => Promise.resolve((now = started)),
    onDidChange: changes.event,
  };
  const exports = createExports(source, { get: () => Promise.resolve('own key') });
  return { gateway: exports.getAPI(1), changes };
}

const ready = (change: Parameters<typeof snapshot>[0] = {}): HostState => ({
  kind: 'ready',
  role: 'follower',
  snapshot: snapshot(change),
});

describe('the API for other extensions', () => {
  it('tells each state with what belongs to it', () => {
    const { gateway } = api(ready({ demo: true }));
    const baseUrl = 'http://127.0.0.1:8317';
    assert.deepEqual(gateway.state, {
      kind: 'ready',
      role: 'follower',
      baseUrl,
      demo: true,
      signedOut: false,
    });
    assert.equal(gateway.baseUrl, baseUrl);
    const signedOut = api(ready({ instances: [instance({ signedIn: false })] })).gateway.state;
    assert.ok(signedOut.kind === 'ready' && signedOut.signedOut);
    const failed = { kind: 'failed', code: 'port_in_use', problem: 'taken' } as const;
    assert.deepEqual(api({ ...failed, snapshot: null }).gateway.state, failed);
    assert.deepEqual(api({ kind: 'starting', snapshot: null }).gateway.state, { kind: 'starting' });
  });

  it('starts the gateway, or rejects with the code of what is in the way', async () => {
    const { gateway } = api({ kind: 'stopped' }, { started: ready(), key: 'the key' });
    assert.deepEqual(await gateway.ensureRunning(), {
      baseUrl: 'http://127.0.0.1:1',
      apiKey: 'the key',
    });
    const failed: HostState = {
      kind: 'failed',
      code: 'port_in_use',
      problem: t('Port {0} is taken.', 1),
      snapshot: null,
    };
    await assert.rejects(api({ kind: 'stopped' }, { started: failed }).gateway.ensureRunning(), {
      name: 'Error',
      code: 'port_in_use',
      message: 'Port 1 is taken.',
    });
    await assert.rejects(api({ kind: 'stopped' }).gateway.ensureRunning(), { code: 'stopping' });
  });

  it('gives numbers that nobody can change for others', () => {
    const { gateway } = api(ready());
    const stats = gateway.stats() as { turns: { reasons: { new: number } } } | undefined;
    assert.ok(stats);
    stats.turns.reasons.new = 7;
    assert.equal(gateway.stats()?.turns.reasons.new, 0);
    assert.equal(api({ kind: 'stopped' }).gateway.stats(), undefined);
    assert.throws(() => Object.assign(gateway, { stats: 1 }), TypeError);
  });

  it('tells about changes until the listener is disposed, and no more than that', () => {
    const { gateway, changes } = api(ready());
    const heard: unknown[][] = [];
    const subscription = gateway.onDidChange((...told: unknown[]) => heard.push(told));
    changes.fire(ready());
    subscription.dispose();
    changes.fire(ready());
    assert.deepEqual(heard, [[]]);
  });
});

describe('the published types', () => {
  const file = 'src/api.d.ts';

  it('stand alone, in the strictest project', function () {
    this.timeout(60_000);
    assert.doesNotMatch(readFileSync(file, 'utf8'), /^\s*import\b|\bimport\(/m);
    const program = ts.createProgram([file], {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      types: [],
      target: ts.ScriptTarget.ES2022,
      lib: ['lib.es2022.d.ts'],
    });
    const problems = ts.getPreEmitDiagnostics(program);
    assert.deepEqual(
      problems.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
      [],
    );
  });
});
