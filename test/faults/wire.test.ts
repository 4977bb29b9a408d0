import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'mocha';
import { assertTyped, LOSSES } from './chat';
import { dialects } from './client';
import { residentMbOf, Rig, type RigOptions } from './rig';

const frame = (json: string): string => `Content-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`;

/** What ends a connection: nothing that comes after it can be told apart any more. */
const UNREADABLE: Readonly<Record<string, string>> = {
  'bytes that are no header': '\u0000\u0001\u0002 nonsense',
  'an endless header': 'X'.repeat(20_000),
  'a header without a length': 'Content-Type: text/plain\r\n\r\n{}',
  'a negative length': 'Content-Length: -5\r\n\r\n{}',
  'a length of many digits': 'Content-Length: 99999999999999999999\r\n\r\n{}',
  'a length over the cap': `Content-Length: ${65 * 1024 * 1024}\r\n\r\n{}`,
  'a body that is no JSON': frame('{"jsonrpc":'),
};

/** Whole frames that mean nothing. */
const MEANINGLESS: Readonly<Record<string, string>> = {
  'a list': frame('[1,2,3]'),
  null: frame('null'),
  'a reply to nobody': frame('{"jsonrpc":"2.0","id":987654,"result":{}}'),
  'an event of an unknown turn': frame(
    '{"jsonrpc":"2.0","method":"chat/answer","params":{"requestId":"nobody","text":"foreign"}}',
  ),
  'an event without parameters': frame('{"jsonrpc":"2.0","method":"chat/finish"}'),
  'a request that nobody knows': frame('{"jsonrpc":"2.0","id":"x","method":"no/such","params":7}'),
  'four megabytes of text': frame(
    JSON.stringify({ jsonrpc: '2.0', method: 'x', params: { text: 'y'.repeat(4e6) } }),
  ),
};

const sendRaw = (after: number, text: string): string =>
  `DEMO:raw-after ${after} ${JSON.stringify(text)}`;

describe('faults: what arrives cannot be read', () => {
  const rigs: Rig[] = [];
  const launch = async (options?: RigOptions): Promise<Rig> => {
    const rig = await Rig.launch(options);
    rigs.push(rig);
    return rig;
  };

  afterEach(async () => {
    await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
  });

  it('garbage and oversized frames end the connection, and the turn with a typed error', async () => {
    const rig = await launch();
    for (const [index, [what, text]] of Object.entries(UNREADABLE).entries()) {
      const chats = dialects.map((dialect) => rig.chat(`garbage.${index}.${dialect}`, { dialect }));
      await Promise.all(chats.map((chat) => chat.say()));
      const [victim, ...others] = chats;
      const slow = others.map((chat) => chat.turn({ words: 150, script: ['DEMO:gap 20'] }));
      await rig.running(2);
      // Said after a pause, so that the client has seen the beginning.
      const outcome = await victim?.turn({ script: [sendRaw(1, text), 'DEMO:gap 50'] });
      assert.equal(outcome?.kind, 'error', what);
      assertTyped(outcome, ['upstream_protocol']);
      for (const other of await Promise.all(slow))
        assertTyped(other, ['upstream_protocol', ...LOSSES]);
      await rig.calm();
      await Promise.all(chats.map((chat) => chat.say()));
    }
  }).timeout(60_000);

  it('garbage before the first word is made good by a second attempt or told', async () => {
    const rig = await launch();
    const chat = rig.chat('early');
    await chat.say();
    const outcome = await chat.turn({ script: [sendRaw(0, 'Content-Length: x\r\n\r\n')] });
    assertTyped(outcome, ['upstream_protocol', ...LOSSES]);
    await rig.calm();
    await chat.say();
  });

  it('frames that mean nothing are passed over', async () => {
    const rig = await launch();
    const [pid] = await rig.pids();
    const chat = rig.chat('meaningless');
    for (const text of Object.values(MEANINGLESS)) {
      await chat.say({ script: [sendRaw(1, text)] });
    }
    await rig.calm();
    assert.deepEqual(await rig.pids(), [pid]);
  }).timeout(40_000);

  it('C-35 (35) a flood on stderr costs neither the start nor memory', async () => {
    const megabytes = 150;
    const rig = await launch({ env: { DEMO_LINGMA_STDERR_FLOOD: String(megabytes * 1e6) } });
    await rig.chat('flood').say();
    await rig.signal('SIGKILL');
    await rig.calm();
    await rig.chat('again').say();
    const resident = residentMbOf(rig.pid);
    assert.ok(resident < 200, `${Math.round(resident)} MB after ${2 * megabytes} MB of stderr`);
  }).timeout(60_000);
});

describe('faults: a start goes wrong', () => {
  const rigs: Rig[] = [];
  const launch = async (options?: RigOptions): Promise<Rig> => {
    const rig = await Rig.launch(options);
    rigs.push(rig);
    return rig;
  };

  afterEach(async () => {
    await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
  });

  for (const thief of ['mute', 'stranger']) {
    it(`its port is taken before it binds it (${thief})`, async () => {
      const rig = await launch({ incarnations: [{}, { FAULT_THIEF: thief }] });
      const chat = rig.chat('robbed');
      await chat.say();
      await rig.signal('SIGKILL');
      // Sent while the thief answers in place of the process, too.
      for (let turn = 0; turn < 5; turn++) assertTyped(await chat.turn(), LOSSES);
      await rig.calm();
      await chat.say();
    }).timeout(60_000);
  }

  it('it is slow: what comes meanwhile waits for it', async () => {
    const rig = await launch({ incarnations: [{}, { DEMO_LINGMA_START_DELAY_MS: '3000' }] });
    const chats = dialects.map((dialect) => rig.chat(`slow.${dialect}`, { dialect }));
    await Promise.all(chats.map((chat) => chat.say()));
    await rig.signal('SIGKILL');
    await Promise.all(chats.map((chat) => chat.say()));
    await rig.calm();
  });

  it('it fails a few times: what comes meanwhile waits for the one that does not', async () => {
    const failing = { DEMO_LINGMA_START_EXIT: '7' };
    const rig = await launch({ incarnations: [{}, failing, failing, failing] });
    const chat = rig.chat('failing');
    await chat.say();
    await rig.signal('SIGKILL');
    await chat.say();
    await rig.calm();
  });
});
