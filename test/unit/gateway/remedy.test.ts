import assert from 'node:assert/strict';
import { describe, it } from 'mocha';
import { type ErrorCode, GatewayError } from '../../../src/base/errors';
import { type Remedy, remedyFor } from '../../../src/gateway/remedy';
import type { CachedSession } from '../../../src/session/lease';

const owner = { instanceId: 'lingma-1', incarnation: 1 };
const session: CachedSession = {
  sessionId: 's',
  owner,
  messageCount: 2,
  turns: 1,
  reminders: [],
};

function remedies(code: ErrorCode, continued: boolean, asked = true, others = false): Remedy[] {
  const error = new GatewayError({ code, status: 502, message: code });
  const lease = { session: continued ? session : undefined };
  return remedyFor(error, { lease, owner, asked }, others);
}

describe('gateway/remedy', () => {
  it('a continued session that failed gets a fresh one, a new one does not', () => {
    assert.deepEqual(remedies('upstream_failed', true), ['fresh']);
    assert.deepEqual(remedies('upstream_failed', false), []);
  });

  it('nothing helps where a fresh session would meet the same', () => {
    for (const code of [
      'upstream_auth',
      'cancelled',
      'queue_full',
      'too_many_requests',
      'upstream_invalid_output',
    ] as const)
      assert.deepEqual(remedies(code, true), [], code);
  });

  it('a session that was never asked is not to blame', () => {
    assert.deepEqual(remedies('upstream_rejected', true, false), []);
  });

  it('a lost process is made up for, whatever it was doing', () => {
    for (const continued of [true, false]) {
      assert.deepEqual(remedies('instance_lost', continued, false), ['fresh']);
    }
  });

  it('a full process is got around before anybody has to make room', () => {
    assert.deepEqual(remedies('upstream_session_limit', false, true, true), ['elsewhere', 'room']);
    assert.deepEqual(remedies('upstream_session_limit', true), ['room']);
  });
});
