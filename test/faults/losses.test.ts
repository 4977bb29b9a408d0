import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, it } from 'mocha';
import { eventually } from '../support/headless';
import { assertTyped, LOSSES, type TurnOptions } from './chat';
import { dialects } from './client';
import { Rig, type RigOptions } from './rig';

/** Slow enough to be killed in the middle of, also by a test that is held up for a second or two. */
const SLOW = { words: 150, script: ['DEMO:gap 20'] } as const satisfies TurnOptions;
/** The same before the first byte. */
const LATE = { script: ['DEMO:delay 3000'] } as const satisfies TurnOptions;

describe('faults: a process is lost', () => {
  const rigs: Rig[] = [];
  const launch = async (options?: RigOptions): Promise<Rig> => {
    const rig = await Rig.launch(options);
    rigs.push(rig);
    return rig;
  };

  afterEach(async () => {
    await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
  });

  for (const dialect of dialects) {
    it(`C-31 (31) ${dialect}: before the first byte, in mid-stream, in a call, and while idle`, async () => {
      const rig = await launch();
      const streaming = rig.chat('streaming', { dialect });
      const plain = rig.chat('plain', { dialect, stream: false });
      const calling = rig.chat('calling', { dialect, tools: true });
      for (const chat of [streaming, plain, calling]) await chat.say();

      // Before the first byte: nobody has seen anything, so nobody is to notice.
      const early = [streaming.say(LATE), plain.say(LATE)];
      await rig.running(2);
      await rig.signal('SIGKILL');
      await Promise.all(early);
      await rig.calm();

      // A process that dies on each attempt: one retry, then an error that says so.
      assertTyped(await streaming.turn({ script: ['DEMO:exit-before 3'] }), LOSSES);
      await rig.calm();

      // In mid-stream: what was said cannot be taken back, so the stream ends with an error.
      const cut = await streaming.turn({ ...SLOW, onFirstBytes: () => void rig.signal('SIGKILL') });
      assert.equal(cut.kind, 'error');
      assertTyped(cut, ['instance_lost']);
      await rig.calm();

      // A plain answer in the making was seen by nobody.
      const whole = plain.say(SLOW);
      await rig.running();
      await rig.signal('SIGKILL');
      await whole;
      await rig.calm();

      // In the middle of a call, and while the process waits for a tool of its own.
      const call = await calling.turn({ ...SLOW, onFirstBytes: () => void rig.signal('SIGKILL') });
      assert.equal(call.kind, 'error');
      await rig.calm();
      const invoking = plain.turn({ ...SLOW, script: ['DEMO:tool read_file {}', 'DEMO:gap 20'] });
      await rig.running();
      await rig.signal('SIGKILL');
      assertTyped(await invoking, LOSSES);
      await rig.calm();

      // While idle.
      await rig.signal('SIGKILL');
      for (const chat of [streaming, plain, calling]) await chat.say();
      await rig.calm();
      for (const chat of [streaming, plain, calling]) await chat.say();
    }).timeout(60_000);
  }

  it('one that cannot be started for a while is given up, says when to come back, and comes back', async () => {
    const broken = { DEMO_LINGMA_START_EXIT: '3' };
    const rig = await launch({ incarnations: [{}, ...Array<typeof broken>(6).fill(broken)] });
    const { gateway } = rig;
    const ask = (): Promise<Response> =>
      gateway.fetch('/v1/chat/completions', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'org_auto',
          messages: [{ role: 'user', content: 'hello' }],
        }),
      });
    await rig.crash();
    await eventually(
      'it gives up',
      async () => (await gateway.stats()).instances.every(({ state }) => state === 'failed'),
      60_000,
    );
    const refused = await ask();
    assert.equal(refused.status, 503);
    const seconds = Number(refused.headers.get('retry-after'));
    assert.ok(seconds > 0 && seconds <= 30, `retry-after: ${seconds}`);
    assert.match(await refused.text(), /no_instance/);
    const early = await ask();
    assert.equal(early.status, 503, 'not before that');
    await sleep(seconds * 1_000);
    await rig.chat('late').say();
    await rig.calm();
  }).timeout(150_000);
});
