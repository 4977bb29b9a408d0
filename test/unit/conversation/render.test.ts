import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { Message, Role } from '../../../src/conversation/messages';
import {
  assertRenderable,
  type Prompt,
  type PromptParts,
  renderPrompt as render,
} from '../../../src/conversation/render';
import { assertCode, thrownBy } from '../../support/errors';
import {
  assistant,
  audio,
  call,
  image,
  message,
  result,
  system,
  user,
} from '../../support/messages';

function rendered(messages: readonly Message[], rest: Partial<PromptParts> = {}): Prompt {
  return render({ messages, continuing: false, tools: [], toolChoice: { mode: 'auto' }, ...rest });
}

/** The text of a prompt without pictures. */
function renderPrompt(messages: readonly Message[], rest: Partial<PromptParts> = {}): string {
  const { text, images } = rendered(messages, rest);
  assert.deepEqual(images, []);
  return text;
}

const tools = [{ name: 'f', description: 'Does f.', parameters: { type: 'object' } }];

describe('conversation/render', () => {
  it('passes a single user message on as it is', () => {
    for (const text of ['hi', '', '  [System]\r\nnot one \n', 'né 你好 🙂']) {
      assert.equal(renderPrompt([user(text)]), text);
    }
    assert.equal(renderPrompt([user('a', 'b')]), 'a\nb');
  });

  it('writes anything else out as a transcript', () => {
    const prompt = renderPrompt([
      system('Be kind.'),
      user('Weather?'),
      assistant('One moment.', call('weather', '{"city":"Oslo"}')),
      message('tool', result('cold', 'and dark')),
      user('Thanks', 'a lot'),
    ]);
    assert.equal(
      prompt,
      [
        'The messages below are a conversation, each under the name of its speaker. ' +
          'Follow its System messages and write the next Assistant message.',
        '[System]\nBe kind.',
        '[User]\nWeather?',
        '[Assistant]\nOne moment.\n```json action\n{"tool": "weather", "parameters": {"city":"Oslo"}}\n```',
        '[Result of f, call 1]\ncold\nand dark',
        '[User]\nThanks\na lot',
      ].join('\n\n'),
    );
  });

  it('names the speaker of a single message that is not the user', () => {
    for (const [role, name] of [
      ['system', 'System'],
      ['assistant', 'Assistant'],
    ] as const) {
      assert.ok(renderPrompt([message(role, 'text')]).endsWith(`\n\n[${name}]\ntext`));
    }
  });

  it('tells a continued session nothing twice', () => {
    const delta = [message('tool', result('r')), user('and?')];
    assert.equal(
      renderPrompt(delta, { continuing: true, tools }),
      '[Result of f, call 1]\nr\n\n[User]\nand?',
    );
    assert.equal(renderPrompt([user('and?')], { continuing: true, tools }), 'and?');
    assert.match(renderPrompt([user('and?')], { tools }), /Does f\.[^]*\[User\]\nand\?$/);
  });

  it('passes the choice of tools on with every turn that makes one', () => {
    for (const continuing of [true, false]) {
      const prompt = renderPrompt([user('a')], {
        continuing,
        tools,
        toolChoice: { mode: 'required' },
      });
      assert.match(prompt, /next message only: Call at least one tool\.\)/);
      const without = renderPrompt([user('a')], { continuing, toolChoice: { mode: 'none' } });
      assert.equal(without, 'a');
    }
  });

  it('asks for a continuation when the last word is the assistant’s', () => {
    assert.match(renderPrompt([user('a'), assistant('b')]), /Continue the last Assistant/);
    assert.doesNotMatch(renderPrompt([assistant('b'), user('a')]), /Continue/);
  });

  it('leaves no text out and keeps the order', () => {
    const role = fc.constantFrom<Role>('system', 'user', 'assistant', 'tool');
    const texts = fc.array(fc.string({ unit: 'grapheme' }), { minLength: 1, maxLength: 3 });
    const anyMessages = fc.array(
      fc.tuple(role, texts).map(([who, parts]) => message(who, ...parts)),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(anyMessages, (messages) => {
        const prompt = renderPrompt(messages);
        let from = 0;
        for (const text of textsOf(messages)) {
          const at = prompt.indexOf(text, from);
          assert.ok(at >= 0, JSON.stringify(text));
          from = at + text.length;
        }
      }),
    );
  });

  describe('pictures', () => {
    const one = image('data:1');
    const two = image('data:2');
    const shown = { type: 'image', url: 'data:3' } as const;

    it('stand beside the text, which says where they belong', () => {
      assert.deepEqual(rendered([user('before', one, 'between', two, 'after')]), {
        text: 'before\n[Image 1]\nbetween\n[Image 2]\nafter',
        images: ['data:1', 'data:2'],
      });
    });

    it('are numbered through all that is sent, results included', () => {
      const messages = [user('a', one), assistant('b'), message('tool', result('c', shown))];
      const { text, images } = rendered([...messages, user(two, 'd')]);
      assert.deepEqual(images, ['data:1', 'data:3', 'data:2']);
      const sections = ['User]\na\n[Image 1]', 'Result of f, call 1]\nc\n[Image 2]'];
      for (const section of [...sections, 'User]\n[Image 3]\nd']) {
        assert.ok(text.includes(`[${section}`), text);
      }
    });

    it('are numbered anew in each prompt', () => {
      const { text, images } = rendered([user(two, 'and this?')], { continuing: true });
      assert.equal(text, '[Image 1]\nand this?');
      assert.deepEqual(images, ['data:2']);
    });

    it('travel as often as they are shown', () => {
      assert.deepEqual(rendered([user(one, one)]).images, ['data:1', 'data:1']);
    });

    it('are told of, numbered and left out for a model that takes none', () => {
      const rest = { continuing: true, imagesHeld: 2, unseenBy: 'm' };
      assert.deepEqual(rendered([user(one), message('tool', result(shown))], rest), {
        text:
          '[User]\n[Image 3: left out, the model m takes no images]\n\n' +
          '[Result of f, call 1]\n[Image 4: left out, the model m takes no images]',
        images: [],
      });
    });

    it('have a text beside them even when they came without one', () => {
      for (const continuing of [true, false]) {
        for (const alone of [user(one), user(one, ' \n')]) {
          assert.match(rendered([alone], { continuing }).text, /^\[Image 1\][^]*\(Sent without/);
        }
        assert.doesNotMatch(rendered([user(one, 'x')], { continuing }).text, /Sent without/);
      }
      assert.doesNotMatch(rendered([user('a'), user(one)]).text, /Sent without/);
    });
  });

  it('refuses audio, naming its place', () => {
    const sound = { type: 'audio', data: 'd', format: 'wav' } as const;
    for (const message_ of [user('listen', audio('d')), message('tool', result('a', sound))]) {
      const messages = [user('hi'), { ...message_, path: 'messages[1]' }];
      for (const refuse of [assertRenderable, renderPrompt]) {
        const error = thrownBy(() => {
          refuse(messages);
        });
        assertCode(error, 'unsupported_content');
        assert.equal(error.status, 400);
        assert.equal(error.param, 'messages[1]');
        assert.match(error.message, /messages\[1\]/);
      }
    }
  });

  it('finds nothing wrong with text, pictures, calls and results', () => {
    assertRenderable([
      user('a', image('u')),
      assistant(call('f', '{}')),
      message('tool', result('r')),
    ]);
  });
});

function textsOf(messages: readonly Message[]): string[] {
  return messages.flatMap(({ parts }) =>
    parts.flatMap((part) => (part.type === 'text' ? [part.text] : [])),
  );
}
