/** What a session was told and what its client says must stay one and the same, in every corner. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'mocha';
import { eventually, HeadlessGateway } from '../support/headless';

type Body = Record<string, unknown>;
interface Reply {
  readonly status: number;
  readonly session: string;
}

const note = (text: string): string => `<system-reminder>${text}</system-reminder>`;
const user = (content: string, more: Body = {}): Body => ({ role: 'user', content, ...more });
const assistant = (content: string | null, more: Body = {}): Body => ({
  role: 'assistant',
  content,
  ...more,
});
const TOOLS = [
  { type: 'function', function: { name: 'get', parameters: { type: 'object' } } },
] as const;

describe('headless: fidelity', () => {
  let gateway: HeadlessGateway;

  before(async () => {
    gateway = await HeadlessGateway.launch();
  });
  after(() => gateway.stop());

  const post = async (path: string, body: Body, headers: Body): Promise<Reply> => {
    const response = await gateway.fetch(path, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
    });
    await response.text();
    return {
      status: response.status,
      session: response.headers.get('x-lingma-session') ?? '',
    };
  };
  const chat = (messages: readonly Body[], more: Body = {}, headers: Body = {}): Promise<Reply> =>
    post('/v1/chat/completions', { model: 'gpt-4o', messages, ...more }, headers);
  const messages = (list: readonly Body[], more: Body = {}): Promise<Reply> =>
    post('/v1/messages', { model: 'claude-x', max_tokens: 100, messages: list, ...more }, {});
  const lastPrompt = (): string => {
    const prompt = gateway.upstream('chat/ask').at(-1)?.['questionText'];
    return typeof prompt === 'string' ? prompt : '';
  };

  describe('reminders', () => {
    it('one that changes back is told again', async () => {
      const thread = { 'x-session-id': 'changes back' };
      const opening = (branch: string): Body =>
        user(`${note(`branch: ${branch}`)}\nwhere am I?\nDEMO:echo one`);
      const second = [assistant('one'), user('two\nDEMO:echo two')];
      await chat([opening('main')], {}, thread);
      const changed = await chat([opening('feature'), ...second], {}, thread);
      assert.match(changed.session, /^continued/);
      assert.ok(lastPrompt().includes(note('branch: feature')));
      const back = await chat(
        [opening('main'), ...second, assistant('two'), user('which branch?')],
        {},
        thread,
      );
      assert.match(back.session, /^continued/);
      assert.ok(lastPrompt().includes(note('branch: main')), lastPrompt());
      assert.match(lastPrompt(), /no longer apply/);
    });

    it('one that is gone does not stay in force', async () => {
      const thread = { 'x-session-id': 'gone' };
      await chat([user(`${note('answer in French')}\nhi\nDEMO:echo salut`)], {}, thread);
      const rest = [user('hi\nDEMO:echo salut'), assistant('salut'), user('next')];
      assert.match((await chat(rest, {}, thread)).session, /^continued/);
      assert.match(lastPrompt(), /earlier system reminders no longer apply\./);
    });

    it('a cache key that two conversations share does not join them', async () => {
      const key = { prompt_cache_key: 'my-app' };
      const opening = (project: string): Body => user(`${note(project)}\nhello\nDEMO:echo ok`);
      await chat([opening('Project ALPHA')], key);
      const other = await chat([opening('Project BETA'), assistant('ok'), user('next')], key);
      assert.match(other.session, /^diverged/);
    });

    it('those that change places are another conversation', async () => {
      const prices = (old: string, now: string): Body =>
        user(`Old: ${note(old)} New: ${note(now)}\nDEMO:echo ok`);
      await chat([prices('5', '9')]);
      const swapped = await chat([prices('9', '5'), assistant('ok'), user('which is new?')]);
      assert.doesNotMatch(swapped.session, /^continued/);
    });

    it('one that is told later keeps the name of its speaker', async () => {
      const thread = { 'x-session-id': 'speaker' };
      await chat([user('who?\nDEMO:echo ok')], {}, thread);
      const said = user(`${note('a user wrote this')}\nwho?\nDEMO:echo ok`);
      const next = await chat([said, assistant('ok'), user('next')], {}, thread);
      assert.match(next.session, /^continued/);
      assert.ok(lastPrompt().includes('a user wrote this'));
      assert.ok(!lastPrompt().includes('[System]'), lastPrompt());
    });

    it('a message of nothing else is no part of the conversation', async () => {
      await chat([user('plain\nDEMO:echo ok')]);
      const told = [
        user('plain\nDEMO:echo ok'),
        assistant('ok'),
        user(note('the date has changed')),
        user('next\nDEMO:echo fine'),
      ];
      assert.match((await chat(told)).session, /^continued; .*sent=2\/4/);
      const without = [told[0] ?? {}, told[1] ?? {}, told[3] ?? {}, assistant('fine'), user('x')];
      const reminded = [...told, assistant('fine'), user('last')];
      assert.doesNotMatch((await chat(without)).session, /^continued/, 'was told more');
      assert.match((await chat(reminded)).session, /^continued/);
    });
  });

  describe('what one turn asks', () => {
    it('a tool choice is for the next message only', async () => {
      const first = [user('choice\nDEMO:echo hi')];
      await chat(first, { tools: TOOLS, tool_choice: 'none' });
      assert.match(lastPrompt(), /For your next message only: Answer without calling a tool/);
      const then = [...first, assistant('hi'), user('now use it')];
      assert.match((await chat(then, { tools: TOOLS })).session, /^continued/);
    });

    it('an output format is for the next message only', async () => {
      await chat([user('format\nDEMO:echo {"a":1}')], { response_format: { type: 'json_object' } });
      assert.match(lastPrompt(), /For your next message only: /);
    });

    it('an answer begun by the client is continued in a continued session, too', async () => {
      const first = [user('prefill\nDEMO:echo ok')];
      await messages(first);
      const begun = [...first, assistant('ok'), user('json\nDEMO:echo "a":1}'), assistant('{')];
      assert.match((await messages(begun)).session, /^continued/);
      assert.match(lastPrompt(), /Continue the last Assistant message/);
    });
  });

  describe('nothing is left out', () => {
    it('a call in the format that tools replaced is refused', async () => {
      const called = assistant('ok', { function_call: { name: 'rm', arguments: '{}' } });
      assert.equal((await chat([user('legacy'), called, user('and?')])).status, 400);
    });

    it('a refusal is told', async () => {
      const refused = assistant(null, { refusal: 'I will not do that' });
      await chat([user('refusal'), refused, user('why?')]);
      assert.ok(lastPrompt().includes('I will not do that'));
    });

    it('the name of a speaker is told, and tells conversations apart', async () => {
      const vote = (name: string): Body => user('I vote yes\nDEMO:echo ok', { name });
      await chat([vote('alice')]);
      assert.ok(lastPrompt().includes('alice'));
      const other = await chat([vote('bob'), assistant('ok'), user('who voted?')]);
      assert.doesNotMatch(other.session, /^continued/);
    });
  });

  it('side requests without an answer are new, whatever id they share', async () => {
    const thread = { 'x-session-id': 'side requests' };
    for (const text of ['a title for one', 'a title for two', 'and for three']) {
      assert.match((await chat([user(text)], {}, thread)).session, /^new/);
    }
  });

  it('a turn that is cancelled before its session has a name leaves none behind', async () => {
    const before = gateway.upstream('chat/deleteSessionById').length;
    const controller = new AbortController();
    const turn = gateway.fetch('/v1/chat/completions', {
      method: 'POST',
      body: JSON.stringify({ model: 'gpt-4o', messages: [user('early\nDEMO:hang')] }),
      headers: { 'content-type': 'application/json' },
      signal: controller.signal,
    });
    await eventually('it is asked', () => lastPrompt().startsWith('early'));
    controller.abort();
    await assert.rejects(turn);
    await eventually(
      'its session is deleted',
      () => gateway.upstream('chat/deleteSessionById').length > before,
    );
  });

  it('an unclosed reminder costs no more than any other text', async () => {
    const beganMs = performance.now();
    const text = '<system-reminder>'.repeat(60_000);
    assert.equal((await chat([user(`${text}\nDEMO:echo ok`)])).status, 200);
    assert.ok(performance.now() - beganMs < 5_000, 'a quadratic search takes minutes');
  });
});
