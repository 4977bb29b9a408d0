import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, it } from 'mocha';
import { Random } from '../bench/reuse/random';
import { assertTyped, type Chat, LOSSES, type TurnOptions } from './chat';
import { dialects } from './client';
import { descriptorsOf, median, residentMbOf, Rig, signalIfThere, type RigOptions } from './rig';

const SEED = 20_261_123;
/** A client that meets this many failures in a row has lost its turn. */
const MOST_ATTEMPTS = 20;

describe('faults: many at once, and again and again', () => {
  let rig: Rig | undefined;
  const launch = async (options: RigOptions): Promise<Rig> => (rig = await Rig.launch(options));

  afterEach(async () => {
    await rig?.stop();
    rig = undefined;
  });

  /** Says one thing, again after each failure; gives how many there were. */
  async function insist(chat: Chat, options: TurnOptions): Promise<number> {
    for (let failures = 0; failures < MOST_ATTEMPTS; failures++) {
      const outcome = await chat.turn(options);
      if (outcome.kind === 'answer') return failures;
      assertTyped(outcome, LOSSES);
      await sleep(50);
    }
    return assert.fail(`${chat.name} was never answered`);
  }

  it('200 parallel streams over 4 instances with random kills: nothing lost, nothing mixed', async () => {
    const crowd = await launch({ flags: ['--instances', '4', '--max-in-flight', '50'] });
    await crowd.calm();
    const random = new Random(SEED);
    const chats = Array.from({ length: 200 }, (_, index) => {
      const dialect = dialects[index % dialects.length] ?? 'chat';
      return crowd.chat(`crowd.${index}`, { dialect, tools: index % 5 === 0 });
    });
    const over = new AbortController();
    const talk = Promise.all(
      chats.map(async (chat) => {
        let failures = 0;
        for (let turn = 0; turn < 3; turn++) {
          failures += await insist(chat, { words: 12, script: ['DEMO:gap 15'] });
        }
        return failures;
      }),
    ).finally(() => {
      over.abort();
    });
    let kills = 0;
    const killing = (async () => {
      while (!over.signal.aborted) {
        await sleep(300 + random.below(500));
        const pids = await crowd.pids();
        const victim = pids[random.below(pids.length)];
        if (victim !== undefined && signalIfThere(victim, 'SIGKILL')) kills++;
      }
    })();
    const failures = (await talk).reduce((sum, count) => sum + count, 0);
    await killing;
    await crowd.calm();
    process.stdout.write(
      `      seed ${SEED}: 600 answers, ${kills} kills, ${failures} typed errors, ` +
        `${Math.round(residentMbOf(crowd.pid))} MB\n`,
    );
    assert.ok(kills >= 3);
  }).timeout(240_000);

  it('200 crash cycles leak no memory, descriptor or process', async () => {
    const crowd = await launch({
      flags: ['--instances', '4'],
      // Room for young objects that comes with more of them is no leak, and could hide one.
      nodeFlags: ['--max-semi-space-size=4'],
    });
    await crowd.calm();
    const chats = ['a', 'b', 'c', 'd'].map((name) => crowd.chat(`cycle.${name}`));
    const samples: { mb: number; descriptors: number }[] = [];
    const rounds = 50;
    for (let round = 0; round < rounds; round++) {
      // Together, so that each process serves one: one that did not would count as a failed start.
      await Promise.all(chats.map((chat) => chat.say({ script: ['DEMO:delay 30'] })));
      samples.push({ mb: residentMbOf(crowd.pid), descriptors: descriptorsOf(crowd.pid) });
      await crowd.crash();
      await crowd.calm();
    }
    const third = Math.floor(rounds / 3);
    const [first, last] = [samples.slice(0, third), samples.slice(-third)].map((part) => ({
      mb: median(part.map(({ mb }) => mb)),
      descriptors: median(part.map(({ descriptors }) => descriptors)),
    }));
    assert.ok(first && last);
    process.stdout.write(
      `      medians of the first and last third: ${first.mb.toFixed(0)} and ${last.mb.toFixed(0)} MB, ` +
        `${first.descriptors} and ${last.descriptors} descriptors\n`,
    );
    const { instances } = await crowd.calm();
    for (const { restarts } of instances) assert.ok(restarts >= rounds, `${restarts} restarts`);
    assert.ok(last.mb - first.mb < 64);
    assert.ok(last.descriptors - first.descriptors <= 8);
  }).timeout(400_000);
});
