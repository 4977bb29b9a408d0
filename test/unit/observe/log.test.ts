import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { createLogger, jsonLine, type LogLevel, type LogRecord } from '../../../src/observe/log';

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

  it('hands on what a line is made of, with the facts of its topics', () => {
    const records: LogRecord[] = [];
    const logger = createLogger((_level, _line, record) => records.push(record));
    logger
      .child('a', { instance: 'i', n: 1 })
      .child('b')
      .log('warn', 'x\n', () => ({ n: 2 }));
    const [record] = records;
    assert.ok(record);
    const { facts, ...rest } = record;
    assert.deepEqual(rest, { level: 'warn', topic: 'a/b', message: 'x\n' });
    assert.deepEqual(facts(), { instance: 'i', n: 2 });
  });

  it('writes a record as one line of JSON that reads back', () => {
    const message = 'a "b"\r\n\u2028\u0085\u001b[2J 你好';
    const facts = { requestId: 'req_1', ttftMs: null, ok: true };
    const line = jsonLine({ level: 'info', topic: 't', message, facts: () => facts }, 86_400_000);
    assert.match(line, /^[^\0-\x1f\x7f-\x9f\u2028\u2029]+$/);
    assert.deepEqual(JSON.parse(line), {
      time: '1970-01-02T00:00:00.000Z',
      level: 'info',
      topic: 't',
      message,
      ...facts,
    });
  });

  it('leaves everything else as it is, tabs included', () => {
    const text = 'né\t你好 🙂 \u00a0"\\n" ~';
    assert.deepEqual(linesOf(text), [text]);
  });
});
