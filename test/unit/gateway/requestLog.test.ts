import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import type { RequestActivity } from '../../../src/gateway/activity';
import { type LoggedRequest, RequestLog, REQUESTS_KEPT } from '../../../src/gateway/requestLog';

describe('gateway/requestLog', () => {
  const request = (number: number): LoggedRequest => {
    const id = `r${number}`;
    return { id, describe: () => ({ id, startedAtMs: number }) as RequestActivity };
  };

  it('keeps so many that are over, and tells which ones make room', () => {
    const forgotten: string[] = [];
    const log = new RequestLog<LoggedRequest>(({ id }) => forgotten.push(id));
    for (let number = 0; number < 2 * REQUESTS_KEPT + 3; number++) {
      const one = request(number);
      log.begin(one);
      log.end(one);
      log.end(one);
    }
    const ids = log.list().map(({ id }) => id);
    assert.equal(ids.length, REQUESTS_KEPT);
    assert.equal(ids[0], `r${2 * REQUESTS_KEPT + 2}`);
    assert.equal(ids.at(-1), `r${REQUESTS_KEPT + 3}`);
    assert.equal(forgotten.length, REQUESTS_KEPT + 3);
    assert.equal(forgotten.at(-1), `r${REQUESTS_KEPT + 2}`);
    assert.equal(log.find('r0'), undefined);
    assert.equal(log.find(`r${REQUESTS_KEPT + 3}`)?.id, `r${REQUESTS_KEPT + 3}`);
  });

  it('never loses one that runs, however many others come and go', () => {
    const log = new RequestLog<LoggedRequest>(() => undefined);
    const slow = request(0);
    log.begin(slow);
    for (let number = 1; number <= 3 * REQUESTS_KEPT; number++) {
      const one = request(number);
      log.begin(one);
      log.end(one);
    }
    const ids = log.list().map(({ id }) => id);
    assert.equal(ids.length, REQUESTS_KEPT);
    assert.equal(ids.at(-1), 'r0', 'the ones begun last come first');
    log.end(slow);
    assert.equal(log.list().length, REQUESTS_KEPT);
    assert.equal(log.find('r0'), slow);
  });
});
