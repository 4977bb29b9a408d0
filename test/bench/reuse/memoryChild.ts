/** Fills a session cache turn by turn; prints as JSON what it occupies. */
import { systemClock } from '../../../src/base/systemClock';
import { SessionCache } from '../../../src/session/cache';
import type { SessionOwner } from '../../../src/session/lease';
import { digest } from '../../../src/session/chain';
import { SESSIONS } from './memory';

/** Turns after which to measure; the last fills the memory for left heads. */
const MILESTONES = [1, 12, 40];

const owner: SessionOwner = { instanceId: 'lingma-1', incarnation: 1 };
const heads = Array<string>(SESSIONS).fill('');
const cache = new SessionCache({ max: SESSIONS, maxPerInstance: 0, ttlMs: 0, clock: systemClock });

function runTurn(session: number, turn: number): void {
  const old = heads[session] ?? '';
  const head = digest(`answer ${turn} of session ${session}`);
  const chain = { points: [1], headAt: () => old, messageCount: 2 * turn };
  const lease = cache.lease({ chain, reminders: [] });
  if ((lease.session !== undefined) !== turn > 1) throw new Error('a session was not found');
  const sessionId = lease.session?.sessionId ?? `00000000-0000-4000-8000-${session}`;
  lease.commit({ sessionId, owner, head, messageCount: 2 * turn, reminders: [], label: undefined });
  heads[session] = head;
}

function heapUsed(): number {
  for (let pass = 0; pass < 3; pass++) globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}

const before = heapUsed();
const measured: { turns: number; heapBytes: number }[] = [];
for (let turn = 1; turn <= Math.max(...MILESTONES); turn++) {
  for (let session = 0; session < SESSIONS; session++) runTurn(session, turn);
  if (MILESTONES.includes(turn)) measured.push({ turns: turn, heapBytes: heapUsed() - before });
}
process.stdout.write(JSON.stringify(measured));
