import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createLogger, type LogLevel } from '../../../src/observe/log';

describe('observe/log', () => {
  /** The lines that come of one message. */
  function linesOf(message: string, topic = ''): string[] {
    const lines: string[] = [];
    createLogger((_, line) => lines.push(line), 'info', topic).log('info', message);
    return lines;
  }

  it('hands on what reaches the threshold', () => {
    const seen: [LogLevel, string][] = [];
    const logger = createLogger((level, line) => seen.push([level, line]), 'info');
    logger.log('debug', 'too little');
    logger.log('info', 'enough');
    logger.child('a').child('b').log('warn', 'more');
    assert.deepEqual(seen, [
      ['info', 'enough'],
      ['warn', 'a/b: more'],
    ]);
  });

  it('lets no message begin a line of its own', () => {
    assert.deepEqual(linesOf('no model "x\nerror forged"', 'turn'), [
      'turn: no model "x\\nerror forged"',
    ]);
    assert.deepEqual(linesOf('a\r\nb'), ['a\\r\\nb']);
    assert.deepEqual(linesOf('a\u2028b\u2029c\u0085d\vf\fg'), [
      'a\\u2028b\\u2029c\\u0085d\\u000bf\\u000cg',
    ]);
  });

  it('lets no message steer a terminal', () => {
    assert.deepEqual(linesOf('\u001b[2J\u0007\b\u0000\u007f\u009b31m'), [
      '\\u001b[2J\\u0007\\u0008\\u0000\\u007f\\u009b31m',
    ]);
  });

  it('escapes what a topic carries, too', () => {
    assert.deepEqual(linesOf('x', 'a\nb'), ['a\\nb: x']);
  });

  it('leaves everything else as it is, tabs included', () => {
    const text = 'né\t你好 🙂 \u00a0"\\n" ~';
    assert.deepEqual(linesOf(text), [text]);
  });
});
