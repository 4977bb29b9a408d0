import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { ContentPart, Message, Part } from '../../../src/conversation/messages';
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
import { canonicalMessage } from '../../support/canonical';

function same(left: Message, right: Message): void {
  assert.equal(canonicalMessage(left), canonicalMessage(right));
}

function different(left: Message, right: Message): void {
  assert.notEqual(canonicalMessage(left), canonicalMessage(right));
}

describe('conversation/canonical', () => {
  describe('makes equal', () => {
    it('one text and adjacent texts that render to it', () => {
      same(user('a\nb'), user('a', 'b'));
      same(user('a\nb\nc'), user('a', 'b\nc'));
      same(system('a', 'b'), system('a\nb'));
    });

    it('the texts of a tool result, however they are cut', () => {
      same(message('tool', result('a\nb')), message('tool', result('a', 'b')));
    });

    it('an answer and the answer trimmed, or with other line endings', () => {
      same(assistant('a\nb'), assistant('  \n a\r\nb \t\n'));
      same(assistant('a', 'b'), assistant(' a\nb '));
    });

    it('an answer without text and one with blanks', () => {
      same(assistant(), assistant(''));
      same(assistant(), assistant(' \r\n'));
      same(assistant(call('f', '{}')), assistant('', call('f', '{}')));
    });

    it('arguments with other key order, white space and number spelling', () => {
      const spellings = [
        '{"b":[1,{"d":2,"c":3}],"a":"x"}',
        '{ "a": "x", "b": [1.0, {"c": 3e0, "d": 2}] }',
        '{"a":"\\u0078","b":[10e-1,{"c":3,"d":2.00}]}',
      ];
      const [first = '', ...others] = spellings;
      for (const other of others) same(assistant(call('f', first)), assistant(call('f', other)));
    });

    it('messages that stand at different places', () => {
      same(user('a'), { ...user('a'), path: 'messages[7]' });
    });
  });

  describe('keeps apart', () => {
    it('roles', () => {
      const roles = [user('a'), system('a'), assistant('a'), message('tool', 'a')];
      assert.equal(new Set(roles.map(canonicalMessage)).size, roles.length);
    });

    it('white space and line endings of what people say', () => {
      for (const text of [' a', 'a ', 'a\n', 'a\r\nb', 'a\n\nb']) different(user('a'), user(text));
      different(user('a\nb'), user('a\r\nb'));
      different(system('a'), system('a '));
    });

    it('white space inside an answer', () => {
      different(assistant('a b'), assistant('a  b'));
      different(assistant('a\nb'), assistant('a b'));
    });

    it('pictures, sounds and their formats', () => {
      different(user(image('data:1')), user(image('data:2')));
      different(user(image('data:1')), user(audio('data:1')));
      different(user(audio('d', 'wav')), user(audio('d', 'mp3')));
      different(user(image('data:1')), user('data:1'));
      different(user('a'), user('a', image('data:1')));
      different(user('a', image('x')), user(image('x'), 'a'));
    });

    it('tool calls by name, arguments, number and order', () => {
      const plain = assistant(call('f', '{"a":1}'));
      different(plain, assistant(call('g', '{"a":1}')));
      different(plain, assistant(call('f', '{"a":2}')));
      different(plain, assistant(call('f', '{"a":"1"}')));
      different(plain, assistant(call('f', '{"a":1}'), call('f', '{"a":1}')));
      const [one, two] = [call('f', '{}'), call('g', '{}')];
      different(assistant(one, two), assistant(two, one));
    });

    it('results by the call they answer', () => {
      const answer = (name: string, callIndex: number): Message =>
        message('tool', { type: 'toolResult', name, callIndex, parts: [] });
      different(answer('f', 0), answer('f', 1));
      different(answer('f', 0), answer('g', 0));
    });

    it('arrays in arguments by their order', () => {
      different(assistant(call('f', '[1,2]')), assistant(call('f', '[2,1]')));
    });

    it('arguments that are no JSON', () => {
      different(assistant(call('f', '{"a":')), assistant(call('f', '{"b":')));
      different(assistant(call('f', '')), assistant(call('f', '{"a":')));
    });

    it('large numbers in arguments that differ beyond the precision of a double', () => {
      different(
        assistant(call('open', '{"id":9007199254740993}')),
        assistant(call('open', '{"id":9007199254740992}')),
      );
      different(
        assistant(call('f', '[0.12345678901234567891]')),
        assistant(call('f', '[0.12345678901234567892]')),
      );
    });

    it('numbers in arguments beyond the range of a double, and null', () => {
      different(assistant(call('f', '{"x":1e999}')), assistant(call('f', '{"x":null}')));
      different(assistant(call('f', '{"x":1e999}')), assistant(call('f', '{"x":-1e999}')));
    });

    it('a key called __proto__ from none', () => {
      different(assistant(call('f', '{"__proto__":1}')), assistant(call('f', '{}')));
      different(
        assistant(call('f', '{"__proto__":{"a":1}}')),
        assistant(call('f', '{"__proto__":{"a":2}}')),
      );
    });

    it('tool results by their content', () => {
      different(message('tool', result('a')), message('tool', result('b')));
      different(message('tool', result('a')), message('tool', 'a'));
      different(message('tool', result('a'), result('b')), message('tool', result('a', 'b')));
    });

    it('what belongs to a tool result and what follows it', () => {
      const picture = image('data:1') as ContentPart;
      different(user(result('a', 'b'), picture), user(result('a\nb', picture)));
      different(user(result('a', picture)), user(result('a'), picture));
    });

    it('content that imitates the boundaries between fields', () => {
      different(user('a4:text1:b'), user('a', image('x'), 'b'));
      different(user('5:image1:x'), user(image('x')));
      different(user('1:a'), user('a'));
      different(assistant(call('f4:text', '{}')), assistant(call('f', '{}'), '4:text'));
    });

    it('content that imitates any delimiter', () => {
      for (const mark of ['', ':', ',', ' ', '\n', '\0', '\x1e', '\x1f', '"', '","', '1:', '5:']) {
        const imitation = ['a', 'image', 'x'].join(mark);
        different(user(imitation), user('a', image('x')));
        different(user(imitation), user('a', 'image', image('x')));
        different(user(audio(`a${mark}b`, 'c')), user(audio('b', `c${mark}a`)));
        different(user(audio('c', `a${mark}b`)), user(audio(`b${mark}c`, 'a')));
        different(assistant(call(`f${mark}x`, 'y')), assistant(call('f', `x${mark}y`)));
      }
    });

    it('any two messages of different structure', () => {
      // Pieces of the form itself make collisions likely, if there are any.
      const word = fc
        .array(fc.constantFrom('a', '\n', '1:', '4:text', '5:image', 'result', ' '), {
          minLength: 1,
          maxLength: 3,
        })
        .map((pieces) => pieces.join(''));
      const content: fc.Arbitrary<ContentPart> = fc.oneof(
        word.map((text): ContentPart => ({ type: 'text', text })),
        word.map((url): ContentPart => ({ type: 'image', url })),
        fc
          .tuple(word, word)
          .map(([data, format]): ContentPart => ({ type: 'audio', data, format })),
      );
      const part: fc.Arbitrary<Part> = fc.oneof(
        content,
        fc.tuple(word, word).map(([name, json]) => call(name, json)),
        fc.array(content, { maxLength: 3 }).map((parts) => result(...parts)),
      );
      const parts = fc.array(part, { maxLength: 4 });
      fc.assert(
        fc.property(parts, fc.array(fc.nat(), { maxLength: 4 }), (left, moves) => {
          // Two unrelated messages are hardly ever close; one that was rearranged is.
          const right = moves.reduce(rearrange, left);
          assert.equal(
            canonicalMessage(user(...left)) === canonicalMessage(user(...right)),
            meaning(user(...left)) === meaning(user(...right)),
          );
        }),
        { numRuns: 5_000 },
      );
    });
  });
});

/** The same rules once more, over JSON instead of length-prefixed fields: an oracle. */
function meaning({ role, parts }: Message): string {
  const said = joinTexts(parts).filter((part) => part.type !== 'text' || part.text !== '');
  return JSON.stringify([role, said.map(partMeaning)]);
}

function partMeaning(part: Part): unknown {
  switch (part.type) {
    case 'text':
      return ['text', part.text];
    case 'image':
      return ['image', part.url];
    case 'audio':
      return ['audio', part.format, part.data];
    case 'toolCall':
      return ['call', part.name, part.argumentsJson];
    case 'toolResult':
      return ['result', joinTexts(part.parts).map(partMeaning)];
  }
}

function joinTexts(parts: readonly Part[]): Part[] {
  return parts.reduce<Part[]>((joined, part) => {
    const last = joined.at(-1);
    if (part.type !== 'text' || last?.type !== 'text') return [...joined, part];
    return [...joined.slice(0, -1), { type: 'text', text: `${last.text}\n${part.text}` }];
  }, []);
}

/** One of several small changes at one of the parts. */
function rearrange(parts: Part[], move: number): Part[] {
  const at = Math.floor(move / 5) % Math.max(1, parts.length);
  const [part, next] = parts.slice(at, at + 2);
  const replace = (count: number, ...by: readonly Part[]) => parts.toSpliced(at, count, ...by);
  if (part?.type === 'text') {
    const cut = part.text.indexOf('\n');
    if (cut < 0) return replace(1, { type: 'image', url: part.text });
    const [head, tail] = [part.text.slice(0, cut), part.text.slice(cut + 1)];
    return replace(1, { type: 'text', text: head }, { type: 'text', text: tail });
  }
  if (part?.type !== 'toolResult') return replace(1);
  switch (move % 5) {
    case 0:
      return replace(1, ...part.parts);
    case 1:
      return replace(1, { ...part, parts: part.parts.slice(0, -1) }, ...part.parts.slice(-1));
    case 2:
      return replace(1, { ...part, parts: joinTexts(part.parts) as ContentPart[] });
    case 3:
      if (next === undefined || next.type === 'toolResult' || next.type === 'toolCall')
        return parts;
      return replace(2, { ...part, parts: [...part.parts, next] });
    default:
      return replace(1, { ...part, parts: part.parts.flatMap(cutText) });
  }
}

function cutText(part: ContentPart): ContentPart[] {
  if (part.type !== 'text') return [part];
  return part.text.split('\n').map((text) => ({ type: 'text', text }));
}
