/**
 * The machine sleeps, as far as a test can tell: the gateway stands still while time goes on. On
 * Linux its clock does not count a real sleep at all; on macOS and Windows it does, as it does here.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, it } from 'mocha';
import { dialects } from './client';
import { Rig } from './rig';

const IDLE_SECONDS = 2;
const ASLEEP_MS = 6_000;

describe('faults: the machine sleeps', () => {
  const rigs: Rig[] = [];

  afterEach(async () => {
    await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
  });

  async function launch(): Promise<Rig> {
    const rig = await Rig.launch({ flags: ['--idle-timeout', String(IDLE_SECONDS)] });
    rigs.push(rig);
    return rig;
  }

  it('the gateway alone: turns go on with what was said meanwhile', async () => {
    const rig = await launch();
    const chats = dialects.map((dialect) => rig.chat(`asleep.${dialect}`, { dialect }));
    await Promise.all(chats.map((chat) => chat.say()));
    const turns = chats.map((chat) => chat.turn({ words: 60, script: ['DEMO:gap 30'] }));
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
  }).timeout(30_000);

  it('with its processes: turns are taken up where they were', async () => {
    const rig = await launch();
    const [pid] = await rig.pids();
    const chat = rig.chat('both');
    await chat.say();
    const turn = chat.turn({ words: 80, script: ['DEMO:gap 30'] });
    await rig.running();
    rig.gateway.child.kill('SIGSTOP');
    process.kill(Number(pid), 'SIGSTOP');
    await sleep(ASLEEP_MS);
    rig.gateway.child.kill('SIGCONT');
    // The others wake up later, as a network does.
    await sleep(500);
    process.kill(Number(pid), 'SIGCONT');
    assert.equal((await turn).kind, 'answer');
    await rig.calm();
    assert.deepEqual(await rig.pids(), [pid]);
  }).timeout(30_000);
});
