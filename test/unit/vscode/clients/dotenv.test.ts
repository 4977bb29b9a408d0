import assert from 'node:assert/strict';
import { setEnvBlock } from '../../../../src/vscode/clients/dotenv';

const block = '# >>> Lingma Gateway\nA=1\nB=2\n# <<< Lingma Gateway';

describe('setEnvBlock', () => {
  const set = (text: string | null, variables: Record<string, string>): string => {
    const result = setEnvBlock(text, variables);
    assert.ok(result.ok);
    return result.text;
  };

  it('makes a file, or adds to one behind what is there', () => {
    assert.equal(set(null, { A: '1', B: '2' }), `${block}\n`);
    assert.equal(set('A=mine # x', { A: '1', B: '2' }), `A=mine # x\n\n${block}\n`);
  });

  it('brings its own block up to date in its place', () => {
    const before = `X=1\n${block}\nY="2"\n`;
    assert.equal(set(before, { A: '1', B: '2' }), before);
    assert.equal(
      set(before, { A: '3' }),
      'X=1\n# >>> Lingma Gateway\nA=3\n# <<< Lingma Gateway\nY="2"\n',
    );
  });

  it('uses the line breaks of the file, in its block as well', () => {
    const once = set('X=1\r\n', { A: '1', B: '2' });
    assert.equal(once, `X=1\r\n\r\n${block.replaceAll('\n', '\r\n')}\r\n`);
    assert.equal(set(once, { A: '1', B: '2' }), once);
  });

  it('takes a block that lost its end for text of the user', () => {
    const before = '# >>> Lingma Gateway\nA=0\n';
    assert.equal(set(before, { A: '1', B: '2' }), `${before}\n${block}\n`);
  });

  it('never takes what stands between a lost end and its own block for its own', () => {
    const before = `# >>> Lingma Gateway\nA=0\nMINE=1\n\n${block}\n`;
    assert.equal(set(before, { A: '3', B: '2' }), before.replace('A=1', 'A=3'));
  });

  it('quotes a value that shells and readers would not take as it is', () => {
    assert.match(set(null, { A: 'qwen 3 #max $x' }), /^A='qwen 3 #max \$x'$/m);
    assert.ok(!setEnvBlock(null, { A: 'a\nPATH=b' }).ok);
    assert.ok(!setEnvBlock(null, { A: "it's" }).ok);
  });
});
