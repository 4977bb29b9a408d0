import assert from 'node:assert/strict';
import { type ErrorCode, GatewayError } from '../../src/base/errors';

/** The GatewayError that `action` throws; fails when it throws something else or nothing. */
export function thrownBy(action: () => unknown): GatewayError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof GatewayError, `not a GatewayError: ${String(error)}`);
    return error;
  }
  assert.fail('nothing was thrown');
}

/** The GatewayError that `promise` rejects with; fails when it rejects otherwise or resolves. */
export async function rejectionOf(promise: Promise<unknown>): Promise<GatewayError> {
  try {
    await promise;
  } catch (error) {
    assert.ok(error instanceof GatewayError, `not a GatewayError: ${String(error)}`);
    return error;
  }
  assert.fail('it did not reject');
}

export function assertCode(error: unknown, code: ErrorCode): asserts error is GatewayError {
  assert.ok(error instanceof GatewayError, `not a GatewayError: ${String(error)}`);
  assert.equal(error.code, code, error.message);
}
