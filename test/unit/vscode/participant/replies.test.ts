/** What `@lingma` shows besides the model's words: progress, follow-ups, buttons, state. */
import assert from 'node:assert/strict';
import type { TurnEvent } from '../../../../src/conversation/events';
import { commandIds, settingIds } from '../../../../src/vscode/ids';
import { Answer } from '../../../../src/vscode/participant/answer';
import { exchangeMetadata } from '../../../../src/vscode/participant/conversation';
import { followupsFor, resultMetadata } from '../../../../src/vscode/participant/followups';
import { modelCalled, modelFor } from '../../../../src/vscode/participant/modelChoice';
import { stepsAfter } from '../../../../src/vscode/participant/nextSteps';
import { statusReport } from '../../../../src/vscode/participant/statusReport';
import { instance, snapshot, t } from '../support';

const models = [
  { id: 'org_auto', name: 'Auto' },
  { id: 'kmodel', name: 'Kimi' },
  { id: 'auto', name: 'Kimi' },
];
const [byDefault] = models as [(typeof models)[0]];

describe('an answer in the chat', () => {
  async function* events(...list: TurnEvent[]): AsyncGenerator<TurnEvent> {
    await Promise.resolve();
    yield* list;
  }
  const text = (delta: string): TurnEvent => ({ type: 'text', delta });
  const thought = (delta: string): TurnEvent => ({ type: 'reasoning', delta });

  async function shown(...list: TurnEvent[]) {
    const calls: string[] = [];
    const stream = {
      markdown: (value: string) => calls.push(`says ${value}`),
      progress: (value: string) => calls.push(`shows ${value}`),
    };
    const answer = new Answer(stream, t);
    await answer.follow(events(...list));
    return { calls, said: answer.text };
  }

  it('comes as it is said, and is remembered without its reasoning', async () => {
    const { calls, said } = await shown(
      thought('first I'),
      thought(' look\nthen'),
      thought(' I\n\n'),
      text('Hel'),
      text('lo'),
    );
    assert.deepEqual(calls, [
      'shows Thinking…',
      'shows first I look',
      'shows then I',
      'says Hel',
      'says lo',
    ]);
    assert.equal(said, 'Hello');
  });

  it('shows long lines of reasoning in part', async () => {
    const { calls } = await shown(thought(`${'x'.repeat(500)}\n`));
    assert.match(calls[1] ?? '', /^shows x{160}…$/);
  });
});

describe('the model that answers in the chat', () => {
  const vendor = 'lingma';
  const chosen = 'kmodel';

  it('is the one of the picker, then the chosen one, then the default', () => {
    const picked = { vendor, id: 'auto' };
    const other = { vendor: 'copilot', id: 'auto' };
    const idOf = (wishes: { picked?: typeof picked; chosen?: string }) =>
      modelFor({ picked: wishes.picked, chosen: wishes.chosen, vendor }, models, byDefault).id;
    assert.equal(idOf({ picked, chosen }), 'auto');
    assert.equal(idOf({ picked: other, chosen }), 'kmodel');
    assert.equal(idOf({ picked: { vendor, id: 'gone' }, chosen }), 'kmodel');
    assert.equal(idOf({ picked: other, chosen: 'gone' }), 'org_auto');
    assert.equal(idOf({}), 'org_auto');
  });

  it('is called by its id before its name', () => {
    assert.equal(modelCalled(' AUTO ', models)?.id, 'auto');
    assert.equal(modelCalled('kimi', models)?.id, 'kmodel');
    assert.equal(modelCalled('gpt', models), undefined);
  });
});

describe('follow-ups', () => {
  const after = (answer: string) =>
    followupsFor(exchangeMetadata({ user: 'x', pictures: [], answer }), t).map(
      ({ prompt }) => prompt,
    );

  it('fit the answer', () => {
    assert.match(after('Here:\n```ts\nx\n```').join(), /tests/);
    assert.doesNotMatch(after('It is `x`.').join(), /tests/);
  });

  it('lead on from the commands, and from nothing unknown', () => {
    assert.equal(followupsFor(resultMetadata('status'), t)[0]?.command, 'model');
    assert.equal(followupsFor(resultMetadata('failed'), t)[0]?.command, 'status');
    for (const metadata of [undefined, {}, { lingmaResult: 'other' }]) {
      assert.deepEqual(followupsFor(metadata, t), []);
    }
  });
});

describe('next steps after a failure', () => {
  const commands = (code: Parameters<typeof stepsAfter>[0]) =>
    stepsAfter(code, t).map(({ command, arguments: args = [] }) => [command, ...args].join(' '));

  it('do something about it', () => {
    assert.deepEqual(commands('upstream_auth'), [commandIds.signIn]);
    assert.deepEqual(commands('binary_not_found'), [
      `${commandIds.openSettings} ${settingIds.lingmaPath}`,
      commandIds.start,
    ]);
    assert.deepEqual(commands('port_in_use'), [
      `${commandIds.openSettings} ${settingIds.port}`,
      commandIds.start,
    ]);
    assert.deepEqual(commands('address_not_available'), [
      `${commandIds.openSettings} ${settingIds.host}`,
      commandIds.start,
    ]);
    assert.deepEqual(commands('instance_lost'), [commandIds.restart, commandIds.showLog]);
    assert.deepEqual(commands('upstream_rate_limit'), []);
    assert.deepEqual(commands('too_many_requests'), []);
    assert.deepEqual(commands('internal'), [commandIds.showLog]);
  });
});

describe('the answer to /status', () => {
  const ready = (change: Parameters<typeof snapshot>[0], role: 'leader' | 'follower' = 'leader') =>
    statusReport({ kind: 'ready', role, snapshot: snapshot(change) }, 'Auto', t);
  const commands = ({ steps }: ReturnType<typeof ready>) => steps.map(({ command }) => command);

  it('shows where it is, who answers and how sessions are reused', () => {
    const { sessionCache } = snapshot();
    const report = ready({
      sessionCache: { ...sessionCache, hit_total: 3, miss_total: 1, hit_rate: 0.75 },
    });
    for (const row of [
      '| State | Ready |',
      '| Address | `http://127.0.0.1:8317/v1` |',
      '| Model | Auto |',
      '| Instances | 1 of 1 ready |',
      '| Hit rate | 75% of 4 turns |',
      '| Sessions | 1 of 256 |',
    ]) {
      assert.ok(report.markdown.split('\n').includes(row), `${row}\n${report.markdown}`);
    }
    assert.deepEqual(commands(report), [commandIds.openPanel, commandIds.copyBaseUrl]);
    assert.match(ready({}, 'follower').markdown, /another window/);
  });

  it('leads on from the demo, from a sign-out and from what does not run', () => {
    assert.equal(commands(ready({ demo: true }))[0], commandIds.openSettings);
    const signedOut = ready({ instances: [instance({ signedIn: false })] });
    assert.match(signedOut.markdown, /Signed out: lingma-1/);
    assert.equal(commands(signedOut)[0], commandIds.signIn);
    const stopped = statusReport({ kind: 'stopped' }, undefined, t);
    assert.deepEqual(commands(stopped), [commandIds.start]);
    const failed = statusReport(
      { kind: 'failed', code: 'port_in_use', problem: 'Port [1](x) is taken.', snapshot: null },
      undefined,
      t,
    );
    assert.ok(failed.markdown.includes('Port \\[1\\]\\(x\\) is taken\\.'));
    assert.equal(commands(failed)[0], commandIds.openSettings);
  });
});
