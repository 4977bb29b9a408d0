import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { channels, MarkupFilter, readMarkup } from '../../../src/lingma/markup';
import { cutAt, whole } from '../../support/cuts';

const card = '```toolCall::read_file::call_1::FINISHED\n```';

/** What a filter gives of these pieces. */
function readPieces(pieces: readonly string[]) {
  const filter = new MarkupFilter();
  return channels([...pieces.flatMap((piece) => filter.push(piece)), ...filter.end()]);
}

/** Both channels, the same for the whole text, each single cut, and one character at a time. */
function read(raw: string) {
  const once = readMarkup(raw);
  for (let cut = 1; cut < raw.length; cut++) {
    assert.deepEqual(readPieces([raw.slice(0, cut), raw.slice(cut)]), once, `cut at ${cut}`);
  }
  assert.deepEqual(readPieces(raw.split('')), once, 'one character at a time');
  return once;
}

describe('lingma/markup', () => {
  describe('thinking fences', () => {
    const examples: Record<string, [raw: string, text: string, reasoning: string]> = {
      'in front of the answer': ['````think::2\nhm\n````\n\nHello', 'Hello', 'hm'],
      'without a number': ['````think::\nhm\n````\nHello', 'Hello', 'hm'],
      'with a placeholder': ['````think::{THINK_TIME}\nhm\n````\nHello', 'Hello', 'hm'],
      'with a fraction and a unit': ['````think::1.5s\nhm\n````\nHello', 'Hello', 'hm'],
      'with line ends of Windows': ['````think::2\r\nhm\r\n````\r\nHello', 'Hello', 'hm'],
      'of several lines': [
        '````think::2\na\n\n`b`\n```\nc\n```\n````\nHello',
        'Hello',
        'a\n\n`b`\n```\nc\n```',
      ],
      'without thoughts': ['````think::2\n````\nHello', 'Hello', ''],
      'closed within a line': ['````think::2\nhm````Hello', 'Hello', 'hm'],
      'behind text': ['Hello\n````think::2\nhm\n````\nworld', 'Hello\nworld', 'hm'],
      'within a line': ['Hello````think::2\nhm\n````\nworld', 'Hello\nworld', 'hm'],
      twice: ['````think::1\na\n````\nHello\n````think::2\nb\n````\n!', 'Hello\n!', 'ab'],
      'behind one another': ['````think::1\na\n````\n````think::2\nb\n````\nHello', 'Hello', 'ab'],
      alone: ['````think::2\nhm\n````\n', '', 'hm'],
      'that is not closed': ['````think::2\nhm\n``', '', 'hm\n``'],
      'of which the header ends the answer': ['Hello\n````think::2', 'Hello\n', ''],
      'in front of a tool call': [
        '````think::2\nhm\n```````json action\n{}\n```',
        '```json action\n{}\n```',
        'hm',
      ],
    };
    for (const [where, [raw, text, reasoning]] of Object.entries(examples)) {
      it(`reads one ${where}`, () => {
        assert.deepEqual(read(raw), { text, reasoning });
      });
    }
  });

  describe('tool cards', () => {
    const examples: Record<string, [raw: string, text: string]> = {
      'in front of the answer': [`${card}\n\nHello`, 'Hello'],
      'in the middle': [`One\n\n${card}\n\nTwo`, 'One\n\n\nTwo'],
      'at the end': [`Hello\n${card}`, 'Hello\n'],
      'with a blank line inside': ['A\n```toolCall::run::call_1::INIT\n\n```\nB', 'A\nB'],
      'with a name only': ['A\n```toolCall::run\n```\nB', 'A\nB'],
      'with line ends of Windows': ['A\r\n```toolCall::run::1::INIT\r\n```\r\nB', 'A\r\nB'],
      'with something inside': ['A\n```toolCall::run::1::ERROR\n{"a": 1}\n`x`\n```\nB', 'A\nB'],
      'within a line': [`Hello${card}world`, 'Helloworld'],
      'behind one another': [`A\n${card}\n${card}\nB`, 'A\nB'],
      'behind a code fence that was left open': [`\`\`\`ts\ncode\n${card}\nB`, '```ts\ncode\nB'],
      'next to a tool call': [
        `${card}\n\`\`\`json action\n{"tool": "run"}\n\`\`\`\n${card}\n`,
        '```json action\n{"tool": "run"}\n```\n',
      ],
      'of which the header ends the answer': ['Hello\n```toolCall::ru', 'Hello\n'],
      'that is not closed': ['A\n```toolCall::run::1::INIT\n\n', 'A\n'],
    };
    for (const [where, [raw, text]] of Object.entries(examples)) {
      it(`leaves out one ${where}`, () => {
        assert.deepEqual(read(raw), { text, reasoning: '' });
      });
    }

    it('takes what follows an unclosed one for text', () => {
      for (const rest of ['text\n', 'text\n```py\ncode\n```\n', 'text\n````md\n````', 'text ```']) {
        assert.equal(read(`A\n\`\`\`toolCall::run::1::INIT\n${rest}`).text, `A\n${rest}`);
      }
    });
  });

  describe('edit blocks', () => {
    const examples: Record<string, [raw: string, text: string]> = {
      'a code fence of its language': [
        'See\n\n```ts|CODE_EDIT_BLOCK|src/a b.ts\nlet a = 1 | 2;\n```\nDone',
        'See\n\n```ts\nlet a = 1 | 2;\n```\nDone',
      ],
      'a plain one when it names no language': ['```|CODE_EDIT_BLOCK|a\nx\n```', '```\nx\n```'],
      'the same with a path of Windows': ['```c++|CODE_EDIT_BLOCK|d:\\a\\b\r\nx', '```c++\nx'],
      'the same when the answer ends there': ['```ts|CODE_EDIT_BLOCK|src/a', '```ts'],
    };
    for (const [what, [raw, text]] of Object.entries(examples)) {
      it(`become ${what}`, () => {
        assert.deepEqual(read(raw), { text, reasoning: '' });
      });
    }
  });

  describe('ordinary text stays as it is', () => {
    const examples = [
      'Hello',
      '',
      '\n\nHello\n',
      '```ts\nlet a = `${b}`;\n```\n',
      '````md\n```ts\ncode\n```\n````\n',
      '````think about it\nno\n````',
      '`````think::2\nno\n`````',
      '```think::2\nno\n```',
      'The fence ````think::2```` is one line.',
      '```toolCall\nno\n```',
      '```toolCall::a b\nno\n```',
      'A card begins with ```toolCall::run` and more\n',
      `\`\`\`\`md\n${card}\n\`\`\`\`\n`,
      '`````md\n````think::2\nno\n````\n`````\n',
      `\`\`\`\`md\n\`\`\`\`ts\n${card}\n\`\`\`\`\n`,
      '```json action\n{"tool": "w", "parameters": {"a": "````think::2\\nno\\n````\\n"}}\n```',
      '```json action\n{"tool": "w", "parameters": {"a": "```toolCall::r::1::INIT\\n```\\n"}}\n```',
      '```json action\n{"tool": "w", "parameters": {"a": "```ts|CODE_EDIT_BLOCK|x\\n```\\n"}}\n```',
      'a|CODE_EDIT_BLOCK|b\n',
      '`ts|CODE_EDIT_BLOCK|b`\n',
      '```ts title|CODE_EDIT_BLOCK|b\n',
      '```tsx|CODE_EDIT_BLOCK|/a.tsx|import x\n```',
      '| a | b |\n|---|---|\n| ` | `` |',
      '``` ',
      '````',
      '```tool',
      '```ts|CODE_EDIT',
      '````think:',
      `\`\`\`toolCall::${'x'.repeat(2_000)}\nno\n\`\`\``,
    ];
    for (const raw of examples) {
      it(JSON.stringify(raw.slice(0, 60)), () => {
        assert.deepEqual(read(raw), { text: raw, reasoning: '' });
      });
    }

    it('but code within a line quotes nothing', () => {
      assert.equal(read(`\`\`\`\`a\`b\n${card}\nEnd`).text, '````a`b\nEnd');
    });

    it('also behind a quoting fence that has closed', () => {
      const quoted = `\`\`\`\`md\n${card}\n\`\`\`\`\n`;
      assert.equal(read(`${quoted}${card}\nEnd`).text, `${quoted}End`);
    });
  });

  describe('while it streams', () => {
    /** What has been given out after each piece. */
    const progress = (pieces: readonly string[]): string[] => {
      const filter = new MarkupFilter();
      let text = '';
      let reasoning = '';
      return pieces.map((piece) => {
        const given = channels(filter.push(piece));
        text += given.text;
        reasoning += given.reasoning;
        return reasoning ? `${text} (${reasoning})` : text;
      });
    };

    it('holds back what may become mark-up, and nothing once it cannot', () => {
      const steps: [piece: string, given: string][] = [
        ['a `', 'a '],
        ['b` ``', 'a `b` '],
        ['`t', 'a `b` '],
        ['s', 'a `b` ```ts'],
        ['|CODE', 'a `b` ```ts|CODE'],
        ['\n```py', 'a `b` ```ts|CODE\n```py'],
        ['|', 'a `b` ```ts|CODE\n```py'],
        ['x', 'a `b` ```ts|CODE\n```py|x'],
      ];
      assert.deepEqual(
        progress(steps.map(([piece]) => piece)),
        steps.map(([, given]) => given),
      );
    });

    it('gives out thoughts as they come', () => {
      assert.deepEqual(progress(['````think::2\nfirst', ' second\n', '``', '``\nHello']), [
        ' (first)',
        ' (first second)',
        ' (first second)',
        'Hello (first second)',
      ]);
    });
  });

  /** A piece of an answer, and what it is to a client. */
  interface Sample {
    readonly raw: string;
    readonly text: string;
    readonly reasoning: string;
  }
  const plain = (raw: string): Sample => ({ raw, text: raw, reasoning: '' });
  const thinking = (thought: string): Sample => ({
    raw: `\n\`\`\`\`think::2\n${thought}\n\`\`\`\`\n`,
    text: '\n',
    reasoning: thought,
  });
  const carded = (body: string): Sample => ({
    raw: `\n\`\`\`toolCall::run::call_1::INIT${body}\`\`\`\n`,
    text: '\n',
    reasoning: '',
  });
  const samples: fc.Arbitrary<Sample> = fc.oneof(
    fc.stringMatching(/^[a-zA-Z0-9 .,é你🙂\n]*$/).map(plain),
    fc.stringMatching(/^[a-z .`é🙂]([a-z .\n]|[é🙂]){0,20}[a-z]$/).map(thinking),
    fc.constantFrom('\n', '\n\n', '\nresult\n').map(carded),
    fc.constantFrom(
      plain('\n````md\n```toolCall::quoted\n```\n````\n'),
      plain('\n```json action\n{"tool": "run"}\n```\n'),
      { ...plain('\n```ts\ncode\n```\n'), raw: '\n```ts|CODE_EDIT_BLOCK|a/b.ts\ncode\n```\n' },
    ),
  );
  const fragments = fc.constantFrom(
    ...['`', '``', '```', '````', '|', '\n', 'think::', 'toolCall::', 'CODE_EDIT_BLOCK|', 'x', ' '],
  );

  it('reads any answer as what it was made of, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.array(samples), fc.array(fc.nat()), (pieces, cuts) => {
        // The first character speaks: blank lines in front of the answer would be left out.
        const raw = `>${whole(pieces.map((piece) => piece.raw))}`;
        assert.deepEqual(readPieces(cutAt(raw, cuts)), {
          text: `>${whole(pieces.map((piece) => piece.text))}`,
          reasoning: whole(pieces.map((piece) => piece.reasoning)),
        });
      }),
      { numRuns: 500 },
    );
  });

  it('does not depend on the cuts, whatever the text', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fragments, fc.string())), fc.array(fc.nat()), (parts, cuts) => {
        const raw = whole(parts);
        const once = readMarkup(raw);
        assert.deepEqual(readPieces(cutAt(raw, cuts)), once);
        assert.deepEqual(readPieces(raw.split('')), once);
      }),
      { numRuns: 1_000 },
    );
  });

  it('loses no character of a text without a complete header', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fragments, fc.string())), (parts) => {
        const raw = whole(parts);
        fc.pre(!/think::|toolCall::|CODE_EDIT_BLOCK/.test(raw));
        assert.deepEqual(readPieces(raw.split('')), { text: raw, reasoning: '' });
      }),
      { numRuns: 1_000 },
    );
  });
});
