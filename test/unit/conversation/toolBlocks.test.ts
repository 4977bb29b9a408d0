import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  type Piece,
  splitAnswer,
  ToolBlockSplitter,
  toolContract,
  writeCall,
} from '../../../src/conversation/toolBlocks';

const NAMES = new Set(['read', '写入']);
const say = (text: string): Piece => ({ type: 'text', text });
const call = (name: string, argumentsJson: string): Piece => ({
  type: 'call',
  name,
  argumentsJson,
});

/** Adjacent text as one piece, since where it was cut does not matter. */
function joined(pieces: readonly Piece[]): Piece[] {
  const result: Piece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (piece.type === 'text' && last?.type === 'text') {
      result[result.length - 1] = say(last.text + piece.text);
    } else result.push(piece);
  }
  return result;
}

describe('conversation/toolBlocks', () => {
  it('leaves an answer without blocks alone', () => {
    const text = 'Use ```json\n{"tool": "read"}\n``` or ```json actio';
    assert.deepEqual(joined(splitAnswer(text, NAMES)), [say(text)]);
  });

  it('finds calls between text, parallel ones in order', () => {
    const text = `I look.\n\n${writeCall('read', '{"path":"a"}')}\n\n${writeCall('写入', '{}')}\n`;
    assert.deepEqual(joined(splitAnswer(text, NAMES)), [
      say('I look.\n\n'),
      call('read', '{"path":"a"}'),
      call('写入', '{}'),
    ]);
  });

  it('takes a last block without its closing fence', () => {
    const text = '```json action\n{"tool":"read","parameters":{"path":"a"}}';
    assert.deepEqual(splitAnswer(text, NAMES), [call('read', '{"path":"a"}')]);
  });

  it('keeps fences and line breaks inside arguments', () => {
    const content = 'a\n```json action\n{}\n```\nb';
    const text = writeCall('写入', JSON.stringify({ content }));
    assert.deepEqual(splitAnswer(text, NAMES), [call('写入', JSON.stringify({ content }))]);
  });

  it('shows a block that is no call of a known tool as the text it is', () => {
    for (const block of [
      writeCall('unknown', '{}'),
      '```json action\n{"tool": "read", "parameters": [1]}\n```',
      '```json action\n{"tool": "read", "parameters": {"path": \n```',
      '```json action\nnull\n```',
    ]) {
      assert.deepEqual(joined(splitAnswer(`before ${block} after`, NAMES)), [
        say(`before ${block} after`),
      ]);
    }
  });

  it('tells the model everything about each tool', () => {
    const schema = { type: 'object', properties: { path: { type: 'string' } } };
    const contract = toolContract([{ name: 'read', description: 'Reads.', parameters: schema }]);
    for (const part of ['read', 'Reads.', JSON.stringify(schema), '```json action']) {
      assert.ok(contract.includes(part), part);
    }
  });

  it('gives the same pieces wherever the answer is cut, and loses nothing', () => {
    const fragment = fc.oneof(
      fc.constantFrom('`', '``', '```', '\n', 'json action', '```json action', '{', '"', ' '),
      fc.string({ unit: 'grapheme', maxLength: 6 }),
      fc.constantFrom(
        writeCall('read', '{"path":"a\\n```b"}'),
        writeCall('写入', '{"x":[1,{"y":null}]}'),
        writeCall('nobody', '{}'),
      ),
    );
    fc.assert(
      fc.property(
        fc.array(fragment, { maxLength: 12 }),
        fc.array(fc.nat(200), { maxLength: 30 }),
        (fragments, cuts) => {
          const text = fragments.join('');
          const whole = joined(splitAnswer(text, NAMES));
          const splitter = new ToolBlockSplitter(NAMES);
          const pieces: Piece[] = [];
          const points = [...new Set(cuts)]
            .filter((cut) => cut < text.length)
            .sort((a, b) => a - b);
          [0, ...points].forEach((from, index) => {
            pieces.push(...splitter.push(text.slice(from, points[index] ?? text.length)));
          });
          pieces.push(...splitter.end());
          assert.deepEqual(joined(pieces), whole);
          if (!whole.some(({ type }) => type === 'call'))
            assert.deepEqual(whole, text ? [say(text)] : []);
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
