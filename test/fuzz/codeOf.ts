import { GatewayError } from '../../src/base/errors';

/** Runs `body`: undefined, or the code of the GatewayError it throws. Nothing else may be thrown. */
export function codeOf(body: () => void): string | undefined {
  try {
    body();
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError && error.code !== 'internal') return error.code;
    throw error;
  }
}
