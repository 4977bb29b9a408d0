import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { DirectiveError, readScript, unscripted } from '../../../src/demo/directives';

describe('demo directives', () => {
  it('leaves an ordinary prompt alone', () => {
    assert.equal(readScript(''), unscripted);
    assert.equal(readScript('Please explain DEMO:echo to me'), unscripted);
  });

  it('reads the last lines and combines them', () => {
    const prompt = 'Some text.\nDEMO:delay 5\nDEMO:gap 6\nDEMO:think hm\nDEMO:echo a  b \n';
    assert.deepEqual(readScript(prompt), {
      body: { kind: 'text', text: 'a  b ' },
      ending: { kind: 'finish' },
      delayMs: 5,
      gapMs: 6,
      think: 'hm',
    });
  });

  it('joins echo lines and takes any text as JSON', () => {
    const { body } = readScript('DEMO:echo a\r\nDEMO:echo-json "b\\nc\\u4e2d"');
    assert.deepEqual(body, { kind: 'text', text: 'a\nb\nc中' });
  });

  it('joins thinking fences and tool cards with the lines around them', () => {
    const { body } = readScript('DEMO:fence hm\nDEMO:echo a\nDEMO:card run\nDEMO:echo b');
    const text = '````think::1\nhm\n````\na\n```toolCall::run::call-1::FINISHED\n```\nb';
    assert.deepEqual(body, { kind: 'text', text });
  });

  it('does not play earlier messages of a transcript again', () => {
    assert.equal(readScript('User: DEMO:echo a\nAssistant: a\nUser: thanks'), unscripted);
    assert.equal(readScript('DEMO:status 500\n\nthanks'), unscripted);
    const { body, ending } = readScript('User: DEMO:status 500\nUser: DEMO:echo b\nAssistant:');
    assert.deepEqual([body, ending], [{ kind: 'text', text: 'b' }, { kind: 'finish' }]);
  });

  it('looks past what a transcript puts around a message', () => {
    for (const prompt of [
      '[user] DEMO:echo x\n\n---\n',
      '<user>\nDEMO:echo x\n</user>\n</conversation>',
      '用户：DEMO:echo x\n助手：',
    ]) {
      assert.deepEqual(readScript(prompt).body, { kind: 'text', text: 'x' }, prompt);
    }
  });

  it('reads tools, whose outcome comes in the reply or later', () => {
    const parameters = { a: 1 };
    const { tool } = readScript('DEMO:tool run {"a":1}');
    assert.deepEqual(tool, { name: 'run', parameters, async: false });
    const later = readScript('DEMO:tool-async run {"a":1}').tool;
    assert.deepEqual(later, { name: 'run', parameters, async: true });
  });

  it('reads the endings', () => {
    const ending = (line: string): unknown => readScript(line).ending;
    assert.deepEqual(ending('DEMO:status 429 slow down'), {
      kind: 'status',
      after: 0,
      code: 429,
      reason: 'slow down',
    });
    assert.deepEqual(ending('DEMO:status-after 3 500'), {
      kind: 'status',
      after: 3,
      code: 500,
      reason: 'demo status 500',
    });
    assert.deepEqual(ending('DEMO:exit 3'), { kind: 'exit', after: 1, code: 3 });
    assert.deepEqual(ending('DEMO:exit-before'), { kind: 'exit-before', code: 1 });
    assert.deepEqual(ending('DEMO:hang'), { kind: 'hang', after: 'silence' });
    assert.deepEqual(ending('DEMO:close-after 2'), { kind: 'close', after: 2 });
  });

  it('refuses what it does not know', () => {
    for (const line of [
      'DEMO:unknown',
      'DEMO:toString x',
      'DEMO:',
      'DEMO:Echo x',
      'DEMO:delay soon',
      'DEMO:words -1',
      'DEMO:exit 256',
      'DEMO:echo-json {}',
      'DEMO:echo-json "',
      'DEMO:status',
      'DEMO:tool x [',
      'DEMO:tool-async',
    ]) {
      assert.throws(() => readScript(line), DirectiveError, line);
    }
  });
});
