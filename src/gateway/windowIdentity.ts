/**
 * How a gateway proves to another window of the same user that it is theirs. The window sends a
 * challenge, the gateway answers with an HMAC under the secret that both read from the user's own
 * folder. Address and port are part of it, so that whoever listens elsewhere cannot pass an answer on.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { LOOPBACK } from '../base/address';
import { isRecord } from '../base/json';

/** What windows of different builds speak with one another; they go together if it is the same. */
export const WINDOW_PROTOCOL = 2;

/** Request header of `/healthz` that asks for the proof: 16 to 64 random bytes in hex. */
export const CHALLENGE_HEADER = 'x-lingma-gateway-challenge';

const CHALLENGE = /^(?:[0-9a-f]{2}){16,64}$/;

export interface Challenge {
  /** Random bytes in hex. */
  readonly challenge: string;
  /** The address that was connected to; 127.0.0.1 when left out. */
  readonly host?: string | undefined;
  /** The TCP port the answer comes from. */
  readonly port: number;
}

/** What a gateway says of itself; true only if the proof fits. */
export interface WindowIdentity {
  readonly protocol: number;
  /** Version of the extension. */
  readonly version: string;
  /** HMAC-SHA256 in hex. */
  readonly proof: string;
}

export function newChallenge(): string {
  return randomBytes(32).toString('hex');
}

export function isChallenge(text: string): boolean {
  return CHALLENGE.test(text);
}

/** The answer to a challenge. */
export function proveIdentity(
  secret: string,
  challenge: Challenge,
  claim: Omit<WindowIdentity, 'proof'>,
): WindowIdentity {
  return { ...claim, proof: proofOf(secret, challenge, claim).toString('hex') };
}

/** The identity that `answer` claims, or undefined when it is not proved. */
export function checkIdentity(
  secret: string,
  challenge: Challenge,
  answer: unknown,
): WindowIdentity | undefined {
  if (!isRecord(answer)) return undefined;
  const { protocol, version, proof } = answer;
  if (typeof protocol !== 'number' || typeof version !== 'string' || typeof proof !== 'string') {
    return undefined;
  }
  const expected = proofOf(secret, challenge, { protocol, version });
  const given = Buffer.from(proof, 'hex');
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return { protocol, version, proof };
}

/**
 * The first word keeps the proof from being of use for anything else under the same secret. Builds
 * that knew of no other address than 127.0.0.1 did not name it, and are still to be told as outdated.
 */
function proofOf(
  secret: string,
  { challenge, host = LOOPBACK, port }: Challenge,
  { protocol, version }: Omit<WindowIdentity, 'proof'>,
): Buffer {
  const said = ['lingma-gateway/window-identity', protocol, version, challenge, port];
  return createHmac('sha256', secret)
    .update(JSON.stringify(host === LOOPBACK ? said : [...said, host]))
    .digest();
}
