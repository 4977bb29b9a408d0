/** What the gateway's counters tell of a turn. */
import assert from 'node:assert/strict';
import type { LingmaGatewayApi, TurnStats } from '../../../src/api';
import { eventually } from '../support/eventually';
import { api } from './gateway';

/** Runs `turn` and returns why it went where it went. */
export async function reasonOf(turn: () => Promise<unknown>): Promise<string> {
  return (await changeBy(turn)).reason;
}

/** Runs `turn` and returns why it went where it went, and how many messages its request held. */
export async function changeBy(
  turn: () => Promise<unknown>,
): Promise<{ readonly reason: string; readonly messages: number }> {
  const gateway = await api();
  const before = await settledTurns(gateway);
  await turn();
  const after = await eventually('the turn is counted', () => {
    const now = gateway.stats()?.turns;
    return now && now.completed > before.completed ? now : undefined;
  });
  const changed = Object.entries(after.reasons).flatMap(([reason, count]) =>
    count > before.reasons[reason as keyof typeof before.reasons] ? [reason] : [],
  );
  return { reason: changed.join(), messages: after.totalMessages - before.totalMessages };
}

/** The counters once they no longer change: the numbers of the API come a little late. */
export async function settledTurns(gateway: Pick<LingmaGatewayApi, 'stats'>): Promise<TurnStats> {
  await new Promise((resolve) => setTimeout(resolve, 300));
  const turns = gateway.stats()?.turns;
  assert.ok(turns);
  return turns;
}
