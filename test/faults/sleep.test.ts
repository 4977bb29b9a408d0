/**
 * The machine sleeps, as far as a test can tell: the gateway stands still while time goes on. On
 * Linux its clock does not count a real sleep at all; on macOS and Windows it does, as it does here.
 */
import assert from 'node:assert/strict';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, it } from 'mocha';
import { dialects, type Outcome } from './client';
import { eventually } from '../support/headless';
import { Rig } from './rig';

/** Longer than it takes the test to wake the second process up when the machine is busy. */
const IDLE_SECONDS = 4;
const ASLEEP_MS = 6_500;

describe('faults: the machine sleeps', () => {
  const rigs: Rig[] = [];

  afterEach(async () => {
    await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
  });

  async function launch(nodeFlags: readonly string[] = []): Promise<Rig> {
    const rig = await Rig.launch({ flags: ['--idle-timeout', String(IDLE_SECONDS)], nodeFlags });
    rigs.push(rig);
    return rig;
  }

  it('the gateway alone: turns go on with what was said meanwhile', async () => {
    const rig = await launch();
    const chats = dialects.map((dialect) => rig.chat(`asleep.${dialect}`, { dialect }));
    await Promise.all(chats.map((chat) => chat.say()));
    const turns = chats.map((chat) => chat.turn({ words: 120, script: ['DEMO:gap 30'] }));
    await rig.running(chats.length);
    rig.gateway.child.kill('SIGSTOP');
    await sleep(ASLEEP_MS);
    rig.gateway.child.kill('SIGCONT');
    for (const outcome of await Promise.all(turns)) assert.equal(outcome.kind, 'answer');
    const { sessionCache } = await rig.calm();
    assert.equal(sessionCache.invalidate_total, 0);
    await Promise.all(chats.map((chat) => chat.say()));
    const { turns: totals } = await rig.calm();
    assert.equal(totals.reasons.continued, 2 * chats.length, 'every session is still in use');
  }).timeout(60_000);

  it('with its processes: turns are taken up where they were', async () => {
    const rig = await launch();
    const [pid] = await rig.pids();
    const chat = rig.chat('both');
    await chat.say();
    // Once its client has seen something of it, a turn that fails cannot be begun again unseen.
    let turn: Promise<Outcome> | undefined;
    await new Promise<void>((resolve) => {
      turn = chat.turn({ words: 120, script: ['DEMO:gap 30'], onFirstBytes: resolve });
    });
    rig.gateway.child.kill('SIGSTOP');
    process.kill(Number(pid), 'SIGSTOP');
    await sleep(ASLEEP_MS);
    rig.gateway.child.kill('SIGCONT');
    // The others wake up later, as a network does.
    await sleep(500);
    process.kill(Number(pid), 'SIGCONT');
    assert.equal((await turn)?.kind, 'answer');
    await rig.calm();
    assert.deepEqual(await rig.pids(), [pid]);
  }).timeout(60_000);

  it('for an hour: sessions are as old as they are, and a clock that is set changes nothing', async () => {
    const rig = await launch(['--require', path.resolve('test/faults/otherClock.cjs')]);
    const chat = rig.chat('hour');
    await chat.say();
    const reasonAfter = async (signal: NodeJS.Signals): Promise<string> => {
      const before = (await rig.calm()).turns.reasons;
      const told = (): number => rig.gateway.log.split(`had ${signal}`).length;
      const untilNow = told();
      rig.gateway.child.kill(signal);
      await eventually(signal, () => told() > untilNow);
      await chat.say();
      const { reasons } = (await rig.calm()).turns;
      const names = Object.keys(reasons) as (keyof typeof reasons)[];
      return names.filter((name) => reasons[name] > before[name]).join();
    };
    // A year ahead, and back again.
    assert.equal(await reasonAfter('SIGWINCH'), 'continued');
    assert.equal(await reasonAfter('SIGWINCH'), 'continued');
    assert.equal(await reasonAfter('SIGUSR2'), 'expired');
    assert.equal(await reasonAfter('SIGWINCH'), 'continued');
  });
});
