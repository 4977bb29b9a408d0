import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import { Conversation } from '../support/conversation';
import { HeadlessGateway, runLauncher } from '../support/headless';

/** An answer everybody gets in the same words, so that the histories stay identical. */
const question = (turn: number): string => `question ${turn}\nDEMO:echo answer ${turn}`;

describe('headless: several API keys', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch({
      flags: ['--api-key', 'owner-key', '--client-key', 'ci=ci-key==', '--verbose'],
      env: { LINGMA_GATEWAY_CLIENT_KEYS: 'laptop=laptop-key,\nphone=phone-key' },
    });
  });
  after(() => gateway.stop());

  const get = (pathname: string, key: string): Promise<Response> =>
    fetch(gateway.baseUrl + pathname, { headers: { 'x-api-key': key } });
  const codeOf = async (response: Response): Promise<unknown> =>
    ((await response.json()) as { error: { code: string; message: string } }).error.code;

  for (const streaming of [false, true]) {
    it(`never share a session, whatever is said, ${streaming ? 'streamed' : 'plain'}`, async () => {
      const asked = gateway.upstream('chat/ask').length;
      const created = createdIn(gateway).length;
      const chats = ['owner-key', 'ci-key==', 'laptop-key'].map(
        (key) => new Conversation(gateway.openai(key), { streaming, system: `${streaming}` }),
      );
      for (const turn of [1, 2, 3, 4]) {
        // Each turn begins with another of them.
        const order = chats.map((_, index) => chats[(index + turn) % chats.length]);
        for (const chat of order) {
          assert.ok(chat);
          const { session } = await chat.say(question(turn));
          const sent = turn === 1 ? '2/2' : `1/${2 * turn}`;
          const reason = turn === 1 ? 'new' : 'continued';
          assert.equal(session, `${reason}; instance=lingma-1; sent=${sent}`);
        }
      }
      const [one, ...others] = chats.map(({ messages }) => messages);
      for (const other of others) assert.deepEqual(other, one, 'the histories are identical');

      // The witness: three sessions, and each answered one chat only, turn by turn.
      const sessions = createdIn(gateway).slice(created);
      assert.equal(new Set(sessions).size, 3);
      const asks = gateway.upstream('chat/ask').slice(asked);
      assert.equal(asks.length, 12);
      const usedIn = [2, 3, 4].map((turn) =>
        asks.slice(3 * (turn - 1), 3 * turn).map(({ sessionId }) => sessionId),
      );
      // Chat i opened in the place that turn 1 gave it, and speaks in its place of each turn.
      const sessionOf = chats.map((_, index) => sessions[(index + chats.length - 1) % 3]);
      for (const [index, used] of usedIn.entries()) {
        const turn = index + 2;
        assert.deepEqual(
          used,
          chats.map((_, place) => sessionOf[(place + turn) % 3]),
        );
      }
      assert.deepEqual(gateway.upstreamProblems(), []);
    });
  }

  it('share no conversation id either', async () => {
    const ask = async (key: string, texts: readonly string[]): Promise<string> => {
      const messages = texts.map((content, index) => ({
        role: index % 2 === 0 ? 'user' : 'assistant',
        content,
      }));
      const response = await fetch(`${gateway.baseUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${key}`,
          'content-type': 'application/json',
          'x-session-id': 'the-same-id',
        },
        body: JSON.stringify({ model: 'gpt-4o', messages }),
      });
      assert.equal(response.status, 200);
      return response.headers.get('x-lingma-session') ?? '';
    };
    assert.match(await ask('ci-key==', ['first', 'words', 'of ci']), /^new;/);
    // Known under that id to its own client, and to nobody else.
    assert.match(await ask('laptop-key', ['something', 'else', 'altogether']), /^new;/);
    assert.match(await ask('ci-key==', ['something', 'else', 'altogether']), /^diverged;/);
  });

  it('of clients open /v1/* only, and say which key opens the rest', async () => {
    for (const key of ['ci-key==', 'laptop-key', 'phone-key']) {
      assert.equal((await get('/v1/models', key)).status, 200, key);
      for (const pathname of ['/internal/stats', '/metrics']) {
        const response = await get(pathname, key);
        assert.equal(response.status, 403);
        const { error } = (await response.json()) as { error: { code: string; message: string } };
        assert.equal(error.code, 'owner_key_required');
        assert.match(error.message, /Send the key of the gateway itself/);
      }
    }
    for (const pathname of ['/v1/models', '/internal/stats', '/metrics']) {
      assert.equal((await get(pathname, 'owner-key')).status, 200, pathname);
    }
  });

  it('that are wrong are refused everywhere, as ever', async () => {
    for (const pathname of ['/v1/models', '/internal/stats', '/metrics']) {
      for (const key of ['wrong', 'ci', 'ci=ci-key==', 'ci-key']) {
        const response = await get(pathname, key);
        assert.equal(response.status, 401);
        assert.equal(await codeOf(response), 'invalid_api_key');
      }
    }
  });
});

describe('headless: the log of several API keys', () => {
  it('names the client of a turn that failed, and no key or digest', async () => {
    const run = runLauncher(
      [
        ...['--port', '0', '--verbose', '--work-dir', workDir('log')],
        ...['--api-key', 'owner-key', '--client-key', 'ci=ci-key'],
      ],
      {},
    );
    try {
      const line = await run.firstLine;
      assert.ok(line);
      const { baseUrl } = JSON.parse(line) as { baseUrl: string };
      const response = await fetch(`${baseUrl}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'x-api-key': 'ci-key', 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'no-such', messages: [{ role: 'user', content: 'hi' }] }),
      });
      assert.equal(response.status, 404);
    } finally {
      run.child.kill();
    }
    const log = await run.stderr;
    rmSync(workDir('log'), { recursive: true, force: true });
    assert.match(log, /req_\w+ \(ci\) ended after .* model_not_found/);
    assert.doesNotMatch(log, /ci-key/);
    assert.doesNotMatch(log, /\b[0-9a-f]{64}\b/);
  });
});

describe('headless: flags for several API keys', () => {
  for (const [what, flags, env, pattern] of [
    ['no name', ['--client-key', 's3cret'], '', /--client-key takes NAME=KEY, both not empty/],
    ['an empty name', ['--client-key', '=s3cret'], '', /--client-key takes NAME=KEY/],
    ['an empty key', ['--client-key', 'ci='], '', /--client-key takes NAME=KEY/],
    ['no value', ['--client-key'], '', /--client-key/],
    ['a key no header could carry', ['--client-key', 'ci=s3cret→'], '', /--client-key takes print/],
    ['a control character', ['--client-key', 'c\ni=s3cret'], '', /name takes 1 to 64 characters/],
    ['the name owner', ['--client-key', 'owner=s3cret'], '', /Choose another one for the client/],
    [
      'a name twice',
      ['--client-key', 'ci=s3cret1', '--client-key', 'ci=s3cret2'],
      '',
      /Two client keys are named "ci"/,
    ],
    [
      'a key twice, in flag and variable',
      ['--client-key', 'ci=s3cret'],
      'cd=s3cret',
      /"ci" and "cd" have the same key/,
    ],
    [
      'the key of the owner',
      ['--api-key', 's3cret', '--client-key', 'ci=s3cret'],
      '',
      /"owner" and "ci" have the same key/,
    ],
    ['no name, in the variable', [], 's3cret', /LINGMA_GATEWAY_CLIENT_KEYS takes NAME=KEY/],
  ] as const) {
    it(`${what} exits 2 with one clear line`, async () => {
      const run = runLauncher(['--port', '0', '--work-dir', workDir('flags'), ...flags], {
        LINGMA_GATEWAY_CLIENT_KEYS: env,
      });
      const started = await run.firstLine;
      if (started !== undefined) run.child.kill();
      assert.equal(started, undefined);
      assert.equal(await run.exitCode, 2);
      const stderr = await run.stderr;
      assert.match(stderr, pattern);
      assert.doesNotMatch(stderr, /s3cret/, 'keys stay out of logs');
      assert.equal(stderr.trimEnd().split('\n').length, 1, stderr);
    });
  }
});

function workDir(name: string): string {
  return path.join(tmpdir(), `lingma-keys-${name}-${process.pid}`);
}

/** Ids of the sessions the demo has opened, in order. */
function createdIn(gateway: HeadlessGateway): unknown[] {
  return gateway
    .records()
    .flatMap((record) => (record.event === 'session-created' ? [record['sessionId']] : []));
}
