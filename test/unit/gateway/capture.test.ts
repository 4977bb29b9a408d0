import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { TurnEvent } from '../../../src/conversation/events';
import type { Message, TurnRequest } from '../../../src/conversation/messages';
import { Capture } from '../../../src/gateway/capture';
import { AnswerText, MAX_TEXT_BYTES, textOfRequest } from '../../../src/gateway/captureText';
import { Redactor } from '../../../src/observe/redact';
import { assistant, audio, call, image, message, system, user } from '../../support/messages';

const OWN_KEY = 'the key of this gateway';
const redactor = new Redactor([OWN_KEY]);
const SECRET = ['sk', 'ant', 'api03', 'a1B2c3D4e5F6g7H8i9J0k1L2m3N4'].join('-');

const ask = (...messages: Message[]): TurnRequest => ({
  model: 'org_auto',
  messages,
  tools: [],
  toolChoice: { mode: 'auto' },
});
const text = (delta: string): TurnEvent => ({ type: 'text', delta });

describe('what is captured of a request', () => {
  it('is roles, texts, calls, results and the names of the tools; of pictures size and type only', () => {
    const tool = (name: string) => ({ name, description: 'not shown', parameters: {} });
    const picture = 'A'.repeat(40_000);
    const captured = textOfRequest(
      {
        tools: [tool('Read'), tool('Bash')],
        messages: [
          system('Be brief.'),
          user(
            'See',
            image(`data:image/png;base64,${picture}`),
            image('https://u:p@x.org/a?sig=1'),
          ),
          assistant(call('Read', '{"path":"a"}')),
          message('tool', {
            type: 'toolResult',
            name: 'Read',
            callIndex: 0,
            isError: true,
            parts: [{ type: 'text', text: `data:image/gif;base64,${picture}` }],
          }),
          user(audio('B'.repeat(4_000))),
        ],
      },
      new Redactor([]),
    );
    assert.deepEqual(captured, {
      cut: false,
      text: [
        '[tools] Read, Bash',
        '[system]\nBe brief.',
        '[user]\nSee\n[image 29 KB image/png]\n[image from x.org]',
        '[assistant]\n[call Read] {"path":"a"}',
        '[tool]\n[failed of Read]\n[29 KB image/gif]',
        '[user]\n[audio 3 KB wav]',
      ].join('\n\n'),
    });
  });

  it('of a long one the newest messages, never more than fits, wherever characters end', () => {
    const captured = textOfRequest(
      ask(user('old'), assistant('ä'.repeat(MAX_TEXT_BYTES)), user('newest')),
      new Redactor([]),
    );
    assert.equal(captured.cut, true);
    assert.match(captured.text, /^\[assistant\]\nä+\n\n\[user\]\nnewest$/);
    const bytes = Buffer.byteLength(captured.text);
    assert.ok(bytes <= MAX_TEXT_BYTES && bytes > MAX_TEXT_BYTES - 10, String(bytes));
  });

  it('holds no secret, and no part of one where it is cut', () => {
    const secret = `${OWN_KEY} `;
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 8_000 }),
        fc.constantFrom(secret, `${SECRET} `),
        (before, repeated) => {
          const said = 'x '.repeat(before) + repeated.repeat(3_000);
          const { text: shown } = textOfRequest(ask(user(said)), redactor);
          assert.ok(!shown.includes(repeated.slice(0, 12)), shown.slice(-200));
          assert.ok(Buffer.byteLength(shown) <= MAX_TEXT_BYTES);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('what is captured of an answer', () => {
  it('is text, reasoning and calls, without secrets, however they are cut into pieces', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (sizes) => {
        const said = `Take ${SECRET}, or ${OWN_KEY}!`;
        const answer = new AnswerText();
        answer.add({ type: 'reasoning', delta: 'Well.' });
        for (let at = 0, index = 0; at < said.length; index++) {
          const size = sizes[index % sizes.length] ?? 1;
          answer.add(text(said.slice(at, at + size)));
          at += size;
        }
        answer.add({ type: 'toolCall', index: 0, id: 'c', name: 'Run', argumentsJson: '{}' });
        assert.deepEqual(answer.finish(redactor, true), {
          text: '[reasoning]\nWell.\n\n[answer]\nTake [redacted], or [redacted]!\n\n[call Run] {}',
          cut: false,
        });
      }),
    );
  });

  it('loses its last word where it breaks off, and the beginning of a secret', () => {
    for (const [said, expected] of [
      ['one two', 'one '],
      [`one ${OWN_KEY.slice(0, -2)}`, 'one '],
      [`one ${SECRET.slice(0, 12)}`, 'one '],
      ['one ', 'one '],
      ['one', ''],
    ] as const) {
      const answer = new AnswerText();
      answer.add(text(said));
      assert.deepEqual(answer.finish(redactor, false), { text: expected, cut: false });
    }
  });

  it('is cut where it becomes too long', () => {
    const answer = new AnswerText();
    for (let count = 0; count < 100; count++) answer.add(text('0123456789'.repeat(100)));
    const { text: shown, cut } = answer.finish(new Redactor([]), true) ?? {};
    assert.deepEqual([Buffer.byteLength(shown ?? ''), cut], [MAX_TEXT_BYTES, true]);
  });
});

describe('gateway/capture', () => {
  it('captures nothing unless it is told to', () => {
    const capture = new Capture(false, new Redactor([]));
    capture.begin('r1', ask(user('hi')));
    capture.add('r1', text('hello'));
    capture.end('r1', true);
    assert.equal(capture.read('r1'), undefined);
  });

  it('shows what was asked at once, and the answer when it is over', () => {
    const capture = new Capture(true, new Redactor([]));
    capture.begin('r1', ask(user('hi')));
    capture.add('r1', text('hel'));
    assert.deepEqual(capture.read('r1'), { asked: '[user]\nhi', answered: null, cut: false });
    capture.add('r1', text('lo'));
    capture.end('r1', true);
    assert.deepEqual(capture.read('r1'), {
      asked: '[user]\nhi',
      answered: 'hello',
      cut: false,
    });
  });

  it('has no answer for a turn that failed before anything was said', () => {
    const capture = new Capture(true, new Redactor([]));
    const start: TurnEvent = {
      type: 'start',
      model: 'm',
      placement: {
        reason: 'new',
        instanceId: 'i1',
        sentMessages: 1,
        totalMessages: 1,
        sentBytes: 1,
        totalBytes: 1,
      },
      usage: { inputTokens: 1, cachedTokens: 0 },
    };
    for (const [id, whole] of [
      ['r1', false],
      ['r2', true],
    ] as const) {
      capture.begin(id, ask(user('hi')));
      capture.add(id, start);
      capture.add(id, text(''));
      capture.end(id, whole);
      assert.deepEqual(capture.read(id), { asked: '[user]\nhi', answered: null, cut: false });
    }
    capture.begin('r3', ask(user('hi')));
    capture.add('r3', text('Onl'));
    capture.end('r3', false);
    assert.equal(capture.read('r3')?.answered, '', 'something was said, and it may be a secret');
  });

  it('looks at its secrets once, not once for each message', () => {
    const secrets = Array.from({ length: 300 }, (_, index) => `the key of client "${index}"`);
    const capture = new Capture(true, new Redactor(secrets));
    const messages = Array.from({ length: 24_000 }, () => user('x'));
    const startedAtMs = performance.now();
    capture.begin('r1', ask(...messages, user(`Use ${secrets[7]}.`)));
    const tookMs = performance.now() - startedAtMs;
    assert.match(capture.read('r1')?.asked ?? '', /x\n\n\[user\]\nUse \[redacted\]\.$/);
    // A twentieth of a second; once for each message would be most of a minute.
    assert.ok(tookMs < 3_000, `${tookMs} ms`);
  });

  it('forgets everything when it is switched off, also of turns that go on', () => {
    const capture = new Capture(true, new Redactor([]));
    capture.begin('r1', ask(user('hi')));
    capture.setEnabled(false);
    capture.add('r1', text('hello'));
    capture.setEnabled(true);
    capture.add('r1', text(' again'));
    capture.end('r1', true);
    assert.equal(capture.has('r1'), false);
    assert.equal(capture.read('r1'), undefined);
  });

  it('stays within its bounds, also while answers grow, and keeps the newest', () => {
    const capture = new Capture(true, new Redactor([]), 1_000);
    for (const id of ['r1', 'r2', 'r3']) capture.begin(id, ask(user('x'.repeat(300))));
    assert.deepEqual(
      ['r1', 'r2', 'r3'].map((id) => capture.has(id)),
      [true, true, true],
    );
    capture.add('r3', text('y'.repeat(500)));
    assert.deepEqual(
      ['r1', 'r2', 'r3'].map((id) => capture.has(id)),
      [false, false, true],
    );
    capture.forget('r3');
    for (const id of ['r4', 'r5', 'r6']) capture.begin(id, ask(user('x'.repeat(300))));
    assert.ok(
      ['r4', 'r5', 'r6'].every((id) => capture.has(id)),
      'what was forgotten made room',
    );
  });
});
