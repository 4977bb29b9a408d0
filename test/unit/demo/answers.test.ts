import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'mocha';
import { AnswerBook, readAnswers } from '../../../src/demo/answers';
import { UsageError } from '../../../src/demo/knobs';
import { DemoProcess, type Message, RawClient, askParams } from './demoProcess';

describe('demo answers', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'demo-answers-'));
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  function fileOf(text: string): string {
    const file = path.join(folder, 'answers.json');
    writeFileSync(file, text);
    return file;
  }

  it('gives each answer once, in order', () => {
    const book = new AnswerBook([{ answer: 'one' }, { answer: 'two' }]);
    assert.deepEqual(
      ['a', 'b', 'c'].map((prompt) => book.take(prompt)),
      ['one', 'two', undefined],
    );
  });

  it('keeps an answer for the prompt it is meant for, whatever comes first', () => {
    const book = new AnswerBook([
      { match: 'title', answer: 'A title' },
      { answer: 'first' },
      { match: 'second', answer: 'second' },
      { answer: 'third' },
    ]);
    assert.deepEqual(
      ['1', 'the second', 'write a title', 'a title'].map((prompt) => book.take(prompt)),
      ['first', 'second', 'A title', 'third'],
    );
  });

  it('reads texts and objects, and names what is wrong', () => {
    const good = fileOf('["a", {"answer": "b"}, {"match": "m", "answer": ""}]');
    assert.deepEqual(readAnswers(good), [
      { answer: 'a' },
      { answer: 'b' },
      { match: 'm', answer: '' },
    ]);
    for (const [text, problem] of [
      ['{}', /expected a JSON list/],
      ['[', /SyntaxError/],
      ['["a", 1]', /\[1\] must be a text or/],
      ['[{"match": "m"}]', /\[0\] must be/],
      ['[{"match": 1, "answer": "a"}]', /\[0\] must be/],
      ['[{"answer": "a", "matches": "m"}]', /\[0\] must be/],
    ] as const) {
      const file = fileOf(text);
      assert.throws(
        () => readAnswers(file),
        (error) => error instanceof UsageError && problem.test(error.message),
      );
    }
  });

  it('are said by the process to prompts without directives', async () => {
    const answers = fileOf('[{"match": "title", "answer": "A\\ntitle"}, "one", "two"]');
    const demo = await DemoProcess.start({ DEMO_LINGMA_ANSWERS: answers });
    try {
      const client = await RawClient.ready(demo.socketPort);
      let asked = 0;
      const ask = async (prompt: string, more: object = {}): Promise<Message> => {
        const id = `r${asked++}`;
        client.post('chat/ask', askParams(id, prompt, more));
        return client.finish(id);
      };
      const said = async (prompt: string): Promise<unknown> =>
        (await ask(prompt)).params?.['fullAnswer'];
      assert.equal(await said('hello'), 'one');
      assert.equal(client.deltas('r0').join(''), 'one');
      assert.equal(await said('x\nDEMO:echo scripted'), 'scripted');
      const refused = await ask('x', { sessionId: 'nobody', isReply: true });
      assert.equal(refused.params?.['statusCode'], 400);
      assert.equal(await said('again'), 'two');
      assert.equal(await said('a title'), 'A\ntitle');
      assert.match(String(await said('a title')), /demo stand-in/);
    } finally {
      await demo.stop();
    }
  });

  it('make a process refuse to start when their file is unreadable', async () => {
    const demo = await DemoProcess.launch({
      DEMO_LINGMA_ANSWERS: path.join(folder, 'missing.json'),
    });
    const { code, stderr } = await demo.exit;
    await demo.stop();
    assert.equal(code, 2);
    assert.match(stderr, /answers .*missing\.json: .*ENOENT/);
  });
});
