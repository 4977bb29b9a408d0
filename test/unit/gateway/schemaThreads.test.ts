import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildSync } from 'esbuild';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { cancelled, stopping } from '../../../src/base/errors';
import { fullPatience, type Patience, type SchemaJob } from '../../../src/conversation/jsonSchema';
import { SchemaThreads } from '../../../src/gateway/schemaThreads';
import { assertCode, rejectionOf } from '../../support/errors';

const scratch = mkdtempSync(path.join(tmpdir(), 'lingma-test-'));
const file = path.join(scratch, 'jsonSchemaValidator.js');

const HOSTILE: SchemaJob = {
  schema: { properties: { a: { pattern: '^(a+)+$' } } },
  value: { a: `${'a'.repeat(40)}!` },
};
const harmless = (value: unknown): SchemaJob => ({ schema: { pattern: '^[a-z]+$' }, value });
/** Longer than that with a turn, unless told otherwise: a busy machine may hold up any thread. */
const patience = (change: Partial<Patience> = {}): Patience => ({
  ...fullPatience(new AbortController().signal),
  msLeft: 10_000,
  ...change,
});

describe('gateway/schemaThreads', () => {
  let threads: SchemaThreads;

  before(() => {
    buildSync({
      entryPoints: ['src/conversation/jsonSchemaValidator.ts'],
      outfile: file,
      bundle: true,
      platform: 'node',
    });
  });
  after(() => {
    rmSync(scratch, { recursive: true });
  });
  beforeEach(() => {
    threads = new SchemaThreads(file);
  });
  afterEach(async () => {
    await threads.close();
    assert.equal(threads.size, 0);
  });

  it('judges one job after the other in one thread, which was not there before', async () => {
    assert.equal(threads.size, 0);
    assert.deepEqual(await threads.judge(harmless('abc'), patience()), {
      type: 'judged',
      fault: undefined,
    });
    const verdict = await threads.judge(harmless('ABC'), patience());
    assert.ok(verdict.type === 'judged');
    assert.match(verdict.fault ?? '', /^#: .*pattern/);
    assert.equal(threads.size, 1);
  });

  it('gives up at the deadline, while others are judged and this thread stays free', async () => {
    const mine = patience({ msLeft: 400 });
    const hostile = threads.judge(HOSTILE, mine);
    let ticks = 0;
    const ticking = setInterval(() => ticks++, 10);
    const other = await threads.judge(harmless('abc'), patience());
    assert.equal(other.type, 'judged');
    assert.deepEqual(await hostile, { type: 'exhausted' });
    clearInterval(ticking);
    assert.ok(ticks > 0);
    assert.ok(mine.msLeft <= 0);
    // The turn has used up its patience.
    assert.deepEqual(await threads.judge(harmless('abc'), mine), { type: 'exhausted' });
    assert.equal((await threads.judge(harmless('abc'), patience())).type, 'judged');
  });

  it('has a limited number of threads, and the jobs beyond wait', async () => {
    const hostile = Array.from({ length: 6 }, () =>
      threads.judge(HOSTILE, patience({ msLeft: 200 })),
    );
    const last = threads.judge(harmless('abc'), patience());
    assert.equal(threads.size, 4);
    for (const verdict of await Promise.all(hostile)) assert.equal(verdict.type, 'exhausted');
    assert.equal((await last).type, 'judged');
  });

  it('calls a schema exhausting that needs too much stack', async () => {
    const verdict = await threads.judge({ schema: { $ref: '#' }, value: 1 }, patience());
    assert.deepEqual(verdict, { type: 'exhausted' });
  });

  it('lets go at once of a turn that ends', async () => {
    const leaving = new AbortController();
    const judging = threads.judge(HOSTILE, patience({ msLeft: 60_000, signal: leaving.signal }));
    await sleep(200);
    leaving.abort(cancelled());
    assertCode(await rejectionOf(judging), 'cancelled');
    assert.equal(threads.size, 0);
    const { signal } = leaving;
    assertCode(await rejectionOf(threads.judge(HOSTILE, patience({ signal }))), 'cancelled');
  });

  it('ends with everything that runs or waits', async () => {
    const judging = Array.from({ length: 6 }, () =>
      rejectionOf(threads.judge(HOSTILE, patience({ msLeft: 60_000 }))),
    );
    await sleep(200);
    await threads.close();
    for (const error of await Promise.all(judging)) assertCode(error, stopping().code);
    assertCode(await rejectionOf(threads.judge(HOSTILE, patience())), 'stopping');
  });

  it('says why when no thread runs', async () => {
    const broken = new SchemaThreads(path.join(scratch, 'missing.js'));
    await assert.rejects(broken.judge(harmless('abc'), patience()), /missing\.js/);
    await broken.close();
  });
});
