/** The content of answers: cases 15 to 24 of protocol §8.1. */
import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { assertNothingLeft, type Turn, useChatAsk } from '../../../support/chatAsk';
import { assertCode } from '../../../support/errors';

describe('regression: content', () => {
  const connect = useChatAsk();

  /** What a good turn streams, what is held of it in the end, and its thoughts. */
  async function answered(play: (turn: Turn) => void) {
    const turn = connect().ask();
    play(turn);
    const { text, events, error } = await turn.outcome();
    assert.equal(error, undefined);
    const thoughts = events.map(({ type, delta }) => (type === 'reasoning' ? delta : ''));
    return { streamed: text, held: turn.completed[0]?.text, reasoning: thoughts.join('') };
  }

  describe('putting the answer together', () => {
    /** What is streamed, and what is held in the end, of these events. */
    async function assemble(play: (turn: Turn) => void) {
      const { streamed, held } = await answered(play);
      return { streamed, held };
    }
    const full = (fullAnswer: string) => ({ statusCode: 200, fullAnswer });

    it('C-15 (15): emits a fullAnswer that was never streamed', async () => {
      const both = await assemble((turn) => turn.finish(full('All of it')));
      assert.deepEqual(both, { streamed: 'All of it', held: 'All of it' });
    });

    it('C-16 (16): emits only the tail that a longer fullAnswer adds', async () => {
      const both = await assemble((turn) => turn.say('Hel').finish(full('Hello')));
      assert.deepEqual(both, { streamed: 'Hello', held: 'Hello' });
    });

    it('C-16 (16): emits nothing of a fullAnswer equal to, shorter than or unlike the text', async () => {
      for (const fullAnswer of ['Hello', 'Hel', '', '**Hello**', 'hello, world']) {
        const both = await assemble((turn) => turn.say('Hello').finish(full(fullAnswer)));
        assert.deepEqual(both, { streamed: 'Hello', held: 'Hello' }, fullAnswer);
      }
    });

    it('C-17 (17): emits what an overwrite adds to the text', async () => {
      const both = await assemble((turn) =>
        turn.say('Hel').say('Hello', true).say('Hello!', true).finish(),
      );
      assert.deepEqual(both, { streamed: 'Hello!', held: 'Hello!' });
    });

    it('C-17 (17): holds an overwrite that diverges, and emits nothing of it', async () => {
      const both = await assemble((turn) => turn.say('Hello').say('Goodbye', true).finish());
      assert.deepEqual(both, { streamed: 'Hello', held: 'Goodbye' });
    });

    it('C-17 (17): an overwrite that comes first is plain text', async () => {
      const both = await assemble((turn) => turn.say('Hel', true).say('lo').finish());
      assert.deepEqual(both, { streamed: 'Hello', held: 'Hello' });
    });

    it('C-17 (17): goes on with what follows a divergence', async () => {
      const both = await assemble((turn) =>
        turn.say('Hello').say('Goodbye', true).say(', all').finish(),
      );
      assert.deepEqual(both, { streamed: 'Hello, all', held: 'Goodbye, all' });
    });

    it('C-17 (17): text streamed again after an overwrite took it back is not shown twice', async () => {
      const both = await assemble((turn) =>
        turn.say('Hello wor').say('Hello ', true).say('world').finish(),
      );
      assert.deepEqual(both, { streamed: 'Hello world', held: 'Hello world' });
    });

    it('C-17 (17): a fullAnswer completes what an overwrite cut short', async () => {
      const both = await assemble((turn) =>
        turn.say('Hello wor').say('Hello', true).finish(full('Hello world')),
      );
      assert.deepEqual(both, { streamed: 'Hello world', held: 'Hello world' });
    });

    it('does not cut a fullAnswer at a code point', async () => {
      const both = await assemble((turn) => turn.say('a🙂').finish(full('a🙂🙃')));
      assert.deepEqual(both, { streamed: 'a🙂🙃', held: 'a🙂🙃' });
    });

    it('C-17 (17): goes on where text streamed again departs from what was shown', async () => {
      for (const cut of [0, 1, 2, 5]) {
        const both = await assemble((turn) => {
          turn.say('Hello wor').say('Hello ', true);
          turn.say('winter'.slice(0, cut)).say('winter'.slice(cut)).finish();
        });
        assert.deepEqual(both, { streamed: 'Hello worinter', held: 'Hello winter' });
      }
    });

    it('C-17 (17): an overwrite replaces mark-up as well', async () => {
      const both = await answered((turn) => {
        turn.say('````think::1\nh', true).say('````think::1\nhm\n````\nHel', true);
        turn.say('````think::1\nhm\n````\nHello', true).say('!').finish();
      });
      assert.deepEqual(both, { streamed: 'Hello!', held: 'Hello!', reasoning: 'hm' });
    });

    const THOUGHT = '````think::3\nhm\n````\n';
    const CARD = '```toolCall::read_file::call_1::FINISHED\n```\n';

    it('C-16 (16): finds the tail whether or not fullAnswer holds the mark-up', async () => {
      for (const streamed of [
        `${THOUGHT}One\n\n${CARD}\nTw`,
        'One\n\nTw',
        '',
        'One\n',
        'One\n\n``',
      ]) {
        for (const whole of [
          `${THOUGHT}One\n\n${CARD}\nTwo`,
          'One\n\nTwo',
          `${THOUGHT}\nOne\n\nTwo`,
        ]) {
          const { streamed: text, held } = await answered((turn) => {
            turn.say(streamed).finish(full(whole));
          });
          assert.equal(text, held);
          if (streamed.endsWith('`')) continue;
          assert.match(held ?? '', /^\s*One\s+Two$/, JSON.stringify([streamed, whole]));
        }
      }
    });

    it('C-16 (16): parts no paragraph twice where fullAnswer goes on', async () => {
      const both = await assemble((turn) => turn.say(`${CARD}One\n\n`).finish(full('One\n\nTwo')));
      assert.deepEqual(both, { streamed: 'One\n\nTwo', held: 'One\n\nTwo' });
    });

    it('C-16 (16): repeats no thought that fullAnswer repeats', async () => {
      for (const [said, reasoning] of [
        ['hm', 'hm'],
        ['h', 'hm'],
        ['other', 'other'],
        ['', 'hm'],
      ]) {
        const { reasoning: shown } = await answered((turn) => {
          turn.event('chat/think', { text: said }).say('Hel');
          turn.finish(full(`${THOUGHT}Hello`));
        });
        assert.equal(shown, reasoning);
      }
    });

    it('C-20 (20): routes a thinking fence cut anywhere to the reasoning', async () => {
      const raw = `${THOUGHT}\nHello`;
      for (let cut = 0; cut <= raw.length; cut++) {
        const both = await answered((turn) => {
          turn.say(raw.slice(0, cut)).say(raw.slice(cut)).finish(full(raw));
        });
        assert.deepEqual(both, { streamed: 'Hello', held: 'Hello', reasoning: 'hm' });
      }
    });

    it('C-20 (20): what an unclosed fence holds is reasoning, and no answer', async () => {
      const turn = connect().ask().say('````think::3\nhm').finish();
      const { events, error } = await turn.outcome();
      assertCode(error, 'upstream_empty');
      assert.deepEqual(events, [{ type: 'reasoning', delta: 'hm' }]);
      assert.deepEqual(turn.completed, []);
      const closed = await answered((other) => {
        other.say('````think::3\nhm').finish(full('````think::3\nhm\n````\nHello'));
      });
      assert.deepEqual(closed, { streamed: 'Hello', held: 'Hello', reasoning: 'hm' });
    });

    it('C-20 (20): leaves an ordinary fence of four backticks alone', async () => {
      const raw = '````md\n```ts\ncode\n```\n````\n';
      const both = await assemble((turn) => {
        for (const character of raw) turn.say(character);
        turn.finish();
      });
      assert.deepEqual(both, { streamed: raw, held: raw });
    });

    it('C-21 (21): leaks no part of a tool card cut anywhere', async () => {
      const raw = `One\n${CARD}Two`;
      for (let cut = 0; cut <= raw.length; cut++) {
        const both = await assemble((turn) =>
          turn.say(raw.slice(0, cut)).say(raw.slice(cut)).finish(),
        );
        assert.deepEqual(both, { streamed: 'One\nTwo', held: 'One\nTwo' });
      }
    });

    it('C-21 (21): makes an edit block an ordinary fence', async () => {
      const raw = '```ts|CODE_EDIT_BLOCK|src/a.ts\ncode\n```';
      const both = await assemble((turn) => turn.say(raw).finish(full(raw)));
      assert.deepEqual(both, { streamed: '```ts\ncode\n```', held: '```ts\ncode\n```' });
    });

    it('C-22 (22): keeps thoughts that come behind text behind it', async () => {
      const turn = connect().ask().say('Hel').event('chat/think', { text: 'hm' }).say('lo');
      const { events } = await turn.say('\n````think::1\nwell\n````\n!').finish().outcome();
      assert.deepEqual(events, [
        { type: 'text', delta: 'Hel' },
        { type: 'reasoning', delta: 'hm' },
        { type: 'text', delta: 'lo\n' },
        { type: 'reasoning', delta: 'well' },
        { type: 'text', delta: '!' },
      ]);
      assert.equal(turn.completed[0]?.text, 'Hello\n!');
    });

    it('C-22 (22): a thought behind an overwrite is not taken for one that was shown', async () => {
      const { reasoning } = await answered((turn) => {
        turn.event('chat/think', { text: 'hm' }).say('Hel').say('Hello', true);
        turn.event('chat/think', { text: 'hm' }).finish();
      });
      assert.equal(reasoning, 'hmhm');
    });

    const contents: Record<string, object> = {
      'a string': { text: 'Hello' },
      'a string in content': { content: 'Hello' },
      'an object': { content: { type: 'text', text: 'Hello' } },
      'an object in text': { text: { text: 'Hello' } },
      'a list of objects': {
        content: [
          { type: 'text', text: 'Hel' },
          { type: 'text', text: 'lo' },
        ],
      },
      'a list of strings': { text: ['Hel', 'lo'] },
      'a list of blocks of blocks': { content: [{ type: 'content', content: { text: 'Hello' } }] },
      'a list with a picture': {
        content: [{ type: 'image', text: 'x' }, { text: 'Hello' }, 5, null],
      },
    };
    for (const [what, params] of Object.entries(contents)) {
      it(`C-24 (24): takes ${what} as content`, async () => {
        const both = await answered((turn) => {
          turn.event('chat/think', params).event('chat/answer', params).finish();
        });
        assert.deepEqual(both, { streamed: 'Hello', held: 'Hello', reasoning: 'Hello' });
        const { text, content } = params as { text?: unknown; content?: unknown };
        const last = await assemble((turn) => turn.finish({ fullAnswer: text ?? content }));
        assert.deepEqual(last, { streamed: 'Hello', held: 'Hello' });
      });
    }
  });

  describe('how the process says it ended', () => {
    for (const status of [200, '200', undefined, null]) {
      it(`C-18 (18): ${status === undefined ? 'a missing code' : JSON.stringify(status)} with text is success`, async () => {
        const turn = connect().ask().say('Hello').finish({ statusCode: status });
        assert.deepEqual((await turn.outcome()).error, undefined);
        assert.equal(turn.completed.length, 1);
      });
    }

    it('C-18 (18): a missing code with a fullAnswer only is success', async () => {
      const turn = connect().ask().finish({ fullAnswer: 'Hello' });
      const { text, error } = await turn.outcome();
      assert.deepEqual([text, error], ['Hello', undefined]);
    });

    const failures = [
      [0, 'upstream_failed', 502],
      ['0', 'upstream_failed', 502],
      [400, 'upstream_rejected', 400],
      [401, 'upstream_auth', 401],
      ['401', 'upstream_auth', 401],
      [403, 'upstream_auth', 403],
      [406, 'upstream_content_filter', 400],
      [408, 'upstream_timeout', 504],
      [409, 'upstream_rate_limit', 429],
      [429, 'upstream_rate_limit', 429],
      [500, 'upstream_failed', 502],
      [503, 'upstream_failed', 502],
      [601, 'upstream_failed', 502],
      [602, 'upstream_failed', 502],
      [604, 'upstream_failed', 502],
      [605, 'upstream_failed', 502],
      [31404, 'upstream_failed', 502],
      [40505, 'upstream_failed', 502],
      [90000, 'upstream_failed', 502],
      [-1, 'upstream_failed', 502],
      [undefined, 'upstream_failed', 502],
    ] as const;
    for (const [statusCode, code, status] of failures) {
      const name = statusCode ?? 'a missing code without text';
      it(`C-18 (18): ${JSON.stringify(name)} is ${code}, HTTP ${status}`, async () => {
        const bench = connect();
        const turn = bench.ask();
        if (statusCode !== undefined) turn.say('Partial');
        const { error } = await turn.finish({ statusCode, reason: 'because' }).outcome();
        assertCode(error, code);
        assert.equal(error.status, status);
        assert.match(error.message, /because/);
        assert.deepEqual(turn.completed, []);
        assertNothingLeft(bench);
      });
    }

    it('C-18 (18): a rate limit says when to come back', async () => {
      const { error } = await connect().ask().finish({ statusCode: 429 }).outcome();
      assert.ok((error?.retryAfterSeconds ?? 0) > 0);
      assert.equal(error?.retryable, true);
    });

    it('C-18 (18): a failed turn emits nothing of its fullAnswer', async () => {
      const turn = connect().ask().say('Part');
      const { text } = await turn.finish({ statusCode: 500, fullAnswer: 'Partial' }).outcome();
      assert.equal(text, 'Part');
    });

    it('C-19 (19): a cancelled turn is no answer, though its code is 200', async () => {
      const turn = connect().ask().say('Hello');
      const { error } = await turn.finish({ statusCode: 200, reason: 'cancelled' }).outcome();
      assertCode(error, 'upstream_timeout');
      assert.deepEqual(turn.completed, []);
    });

    it('C-23 (23): an empty answer is an error', async () => {
      for (const finish of [{}, { fullAnswer: '' }, { fullAnswer: null }]) {
        const turn = connect().ask().say('');
        const { error } = await turn.finish({ statusCode: 200, ...finish }).outcome();
        assertCode(error, 'upstream_empty');
        assert.deepEqual(turn.completed, []);
      }
    });

    it('C-23 (23): thoughts alone are no answer', async () => {
      const turn = connect().ask().event('chat/think', { text: 'hm' });
      assertCode((await turn.finish().outcome()).error, 'upstream_empty');
    });

    it('C-19 (19): a cancelled turn emits nothing of its fullAnswer', async () => {
      const turn = connect().ask();
      turn.finish({ statusCode: 200, reason: 'cancelled', fullAnswer: 'Part' });
      assert.deepEqual((await turn.outcome()).events, []);
    });

    const nothing: Record<string, string> = {
      'a card alone': '```toolCall::run::call_1::FINISHED\n```\n',
      'a thinking fence alone': '````think::3\nhm\n````\n\n',
      'line breaks alone': '\n\n',
    };
    for (const [what, raw] of Object.entries(nothing)) {
      it(`C-23 (23): ${what} is an empty answer`, async () => {
        for (const fullAnswer of [undefined, '', raw]) {
          const turn = connect().ask().say(raw).finish({ statusCode: 200, fullAnswer });
          assertCode((await turn.outcome()).error, 'upstream_empty');
          assert.deepEqual(turn.completed, []);
        }
      });
    }
  });
});
