import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { eventually, isAlive } from '../support/headless';
import { assertTyped, begin, LOSSES } from './chat';
import { dialects } from './client';
import { Rig, type RigOptions } from './rig';

/** Seconds without a sign after which these gateways give a turn up; more than a busy process needs. */
const IDLE_SECONDS = 3;
const IMPATIENT = ['--idle-timeout', String(IDLE_SECONDS)];

describe('faults: a process hangs', () => {
  const rigs: Rig[] = [];
  const launch = async (options?: RigOptions): Promise<Rig> => {
    const rig = await Rig.launch(options);
    rigs.push(rig);
    return rig;
  };

  afterEach(async () => {
    await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
  });

  // The limits of a start are no options, so these wait for them, all at the same time.
  it('at its start: before it listens, in the WebSocket handshake, and at initialize', async () => {
    const silent = [
      { DEMO_LINGMA_START_DELAY_MS: '3600000' },
      { DEMO_LINGMA_HANG: 'upgrade' },
      { DEMO_LINGMA_HANG: 'initialize' },
    ];
    await Promise.all(
      silent.map(async (second, index) => {
        const rig = await launch({ incarnations: [{}, second] });
        const chat = rig.chat(`start.${index}`);
        await chat.say();
        await rig.signal('SIGKILL');
        // Answered by the third process, or refused when the wait was too long.
        assertTyped(await chat.turn(), LOSSES);
        const { instances } = await rig.calm();
        assert.ok((instances[0]?.restarts ?? 0) >= 1);
        await chat.say();
      }),
    );
  }).timeout(90_000);

  it('in a turn: before the first event, in mid-stream, and at the end without a finish', async () => {
    const rig = await launch({ flags: IMPATIENT });
    const [pid] = await rig.pids();
    await Promise.all(
      dialects.flatMap((dialect) =>
        [true, false].map(async (stream) => {
          const chat = rig.chat(`turn.${dialect}.${stream}`, { dialect, stream });
          await chat.say();
          for (const hang of ['DEMO:hang', 'DEMO:hang-after 1', 'DEMO:hang-after 1000']) {
            const outcome = await chat.turn({ script: [hang] });
            assert.equal(outcome.kind, 'error', hang);
            assertTyped(outcome, ['upstream_timeout', 'queue_timeout']);
            await chat.say();
          }
        }),
      ),
    );
    await rig.calm();
    assert.deepEqual(await rig.pids(), [pid], 'a process that answers a probe is kept');
  }).timeout(90_000);

  it('for good, in the middle of everything: it is replaced', async () => {
    const rig = await launch({ flags: IMPATIENT });
    const [first] = await rig.pids();
    const chats = dialects.map((dialect) => rig.chat(`frozen.${dialect}`, { dialect }));
    await Promise.all(chats.map((chat) => chat.say()));
    // So long that none is over before the process stands still.
    const turns = await begin(chats, { words: 400, script: ['DEMO:gap 30'] });
    await rig.signal('SIGSTOP');
    for (const outcome of await Promise.all(turns)) {
      assert.equal(outcome.kind, 'error');
      assertTyped(outcome, LOSSES);
    }
    await eventually(
      'another process',
      async () => {
        const [pid] = await rig.pids();
        return pid !== undefined && pid !== first;
      },
      20_000,
    );
    assert.ok(first !== undefined && !isAlive(first));
    await rig.calm();
    await Promise.all(chats.map((chat) => chat.say()));
  }).timeout(60_000);

  it('for a while: what it says late reaches nobody', async () => {
    const rig = await launch({ flags: IMPATIENT, env: { DEMO_LINGMA_DISABLE: 'chat/stop' } });
    const [pid] = await rig.pids();
    const chats = dialects.map((dialect) => rig.chat(`late.${dialect}`, { dialect }));
    await Promise.all(chats.map((chat) => chat.say()));
    // Begun, they are given up at once; tried again, they would keep the process for too long.
    const turns = await begin(chats, { words: 120, script: ['DEMO:gap 30'] });
    await rig.signal('SIGSTOP');
    for (const outcome of await Promise.all(turns)) assertTyped(outcome, LOSSES);
    await rig.signal('SIGCONT');
    // The process takes its old turns up again while the conversations go on.
    for (let round = 0; round < 4; round++) {
      await Promise.all(chats.map((chat) => chat.say({ script: ['DEMO:gap 30'] })));
    }
    await rig.calm();
    assert.deepEqual(await rig.pids(), [pid], 'it was back before the probe gave it up');
  }).timeout(60_000);

  it('C-36 (36) answers for sessions that were dropped reach nobody', async () => {
    const rig = await launch({ env: { DEMO_LINGMA_DISABLE: 'chat/stop,chat/deleteSessionById' } });
    const chats = dialects.map((dialect) => rig.chat(`dropped.${dialect}`, { dialect }));
    await Promise.all(chats.map((chat) => chat.say()));
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        chats.map(async (chat) => {
          const leave = new AbortController();
          const left = await chat.turn({
            words: 80,
            script: ['DEMO:gap 20'],
            signal: leave.signal,
            onFirstBytes: () => {
              leave.abort();
            },
          });
          assert.equal(left.kind, 'left');
          await chat.say({ script: ['DEMO:gap 5'] });
        }),
      );
    }
    await rig.calm();
  }).timeout(60_000);

  it('SIGTERM is ignored by a process in mid-turn: it is gone within 5 s all the same', async () => {
    const rig = await launch({ env: { DEMO_LINGMA_IGNORE_SIGTERM: '1' } });
    const chat = rig.chat('stubborn');
    const turn = chat.turn({ words: 400, script: ['DEMO:gap 20'] });
    await rig.running();
    rigs.splice(rigs.indexOf(rig), 1);
    await rig.stop();
    assert.deepEqual(await turn, { kind: 'error', code: 'stopping' });
  });
});
