import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'mocha';
import { readRecords } from '../../support/demoRecords';
import { useTempDirs } from '../../support/tempDir';

describe('records of the demo', () => {
  const tempDir = useTempDirs();

  const read = (text: string): unknown[] => {
    const file = path.join(tempDir(), 'record.jsonl');
    writeFileSync(file, text);
    return readRecords(file).map(({ event }) => event);
  };
  const record = (event: string) => JSON.stringify({ ts: 1, pid: 2, event });

  it('are read up to the last whole line', () => {
    assert.deepEqual(read(`${record('one')}\n${record('two')}\n{"ts":`), ['one', 'two']);
  });

  it('are found behind one that a kill has cut off', () => {
    const cut = record('a {"ts":1} inside a text').slice(0, -3);
    assert.deepEqual(read(`${record('one')}\n${cut}${record('two')}\n`), ['one', 'two']);
  });

  it('that are none are an error', () => {
    assert.throws(() => read(`${record('one').slice(0, -3)}\n`), SyntaxError);
  });
});
