import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { cutDeltas, demoReply, firstHalf, promptTail, titleOf } from '../../../src/demo/replyText';

const facts = {
  sessionId: '12345678-aaaa',
  turn: 1,
  heldCharacters: 0,
  images: 0,
  heldImages: 0,
};

describe('demo reply text', () => {
  it('says what it is, what came and how to get the real one', () => {
    assert.equal(
      demoReply({ ...facts, question: 'Say hi' }),
      [
        'This is the demo stand-in for Lingma. No model has read your prompt.',
        'You wrote: “Say hi”',
        'Turn 1 of session 12345678: 1 message with 6 characters arrived in this turn, ' +
          '0 characters were held from before.',
        'To talk to the real Lingma, set `lingmaGateway.lingmaPath` in VS Code, or start the ' +
          'headless launcher with `--lingma PROGRAM`.',
      ].join('\n\n'),
    );
  });

  it('answers in Chinese when the last message is', () => {
    const text = demoReply({ ...facts, question: 'Be brief.\n\n你好', turn: 2, heldCharacters: 9 });
    assert.match(text, /“你好”.*第 2 轮.*保留 9 个字符/s);
    assert.doesNotMatch(text, /lingmaPath/);
    assert.match(demoReply({ ...facts, question: '你好\n\nand in English?' }), /^This is the demo/);
  });

  it('counts the pictures that came and those of before', () => {
    const said = (question: string): string =>
      demoReply({ ...facts, question, turn: 2, images: 1, heldImages: 2 });
    assert.match(
      said('look'),
      /with 4 characters and 1 image arrived in this turn, 0 characters and 2 images were held/,
    );
    assert.match(said('看'), /1 个字符和 1 张图片；此前已保留 0 个字符和 2 张图片。/);
  });

  it('shortens the prompt from the front', () => {
    assert.equal(promptTail('one\n\ntwo\n  three \n'), 'two three');
    const long = promptTail('🙂'.repeat(5000));
    assert.equal(long, `…${'🙂'.repeat(120)}`);
    assert.equal(titleOf('y'.repeat(90)), 'y'.repeat(40));
  });

  it('cuts after spaces and never inside a character', () => {
    assert.deepEqual(cutDeltas('one two three', 5), ['one ', 'two ', 'three']);
    assert.deepEqual(cutDeltas('🙂🙂🙂', 2), ['🙂🙂', '🙂']);
    assert.deepEqual(cutDeltas('中文字符', 3), ['中文字', '符']);
    assert.deepEqual(cutDeltas('', 3), []);
    for (const size of [1, 2, 3, 7]) {
      const text = 'a🙂 b\n中文🙂🙂 word';
      const deltas = cutDeltas(text, size);
      assert.equal(deltas.join(''), text);
      assert.ok(deltas.every((delta) => Array.from(delta).length <= size));
      assert.ok(deltas.every((delta) => Buffer.from(delta).toString() === delta));
    }
  });

  it('halves by characters', () => {
    assert.equal(firstHalf('🙂🙂ab'), '🙂🙂');
    assert.equal(firstHalf(''), '');
  });
});
