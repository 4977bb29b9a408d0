/**
 * Added latency: the same turn, direct and through the gateway, in turns on one demo process. Both
 * ways meet the same machine at the same time, so its noise is in both figures and not between
 * them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { DirectClient } from './directClient';
import type { GatewayClient } from './gatewayClient';
import { ms, table, targets } from './report';
import { median, quantile } from './statistics';
import { type Script, shortAnswer, tenDeltas, type TurnTimes } from './turn';

const rounds = 5;
const samplesPerRound = 150;
const warmUpTurns = 300;
/** Lets the processes finish what they do after an answer, so that the next turn does not pay it. */
const settleMs = 1;

/** One figure of all turns of a kind, in milliseconds, round by round. */
interface Workload {
  readonly name: string;
  readonly direct: readonly (readonly number[])[];
  readonly gateway: readonly (readonly number[])[];
}

interface Samples {
  readonly direct: TurnTimes[][];
  readonly gateway: TurnTimes[][];
}

/** Measures and prints plain and streamed turns. */
export async function reportLatency(direct: DirectClient, gateway: GatewayClient): Promise<void> {
  const plain = { script: shortAnswer, run: () => gateway.freshTurn(shortAnswer) };
  const streamed = { script: tenDeltas, run: () => gateway.freshStream(tenDeltas) };
  for (const { script, run } of [plain, streamed]) {
    await sampleRound(direct, script, run, warmUpTurns);
  }
  const plainSamples: Samples = { direct: [], gateway: [] };
  const streamedSamples: Samples = { direct: [], gateway: [] };
  for (let round = 0; round < rounds; round++) {
    await addRound(plainSamples, direct, plain.script, plain.run);
    await addRound(streamedSamples, direct, streamed.script, streamed.run);
  }
  const rows = [
    workload('plain, 1 delta: whole turn', plainSamples, 'totalMs'),
    workload('streamed, 10 deltas: whole turn', streamedSamples, 'totalMs'),
    workload('streamed, 10 deltas: to first token', streamedSamples, 'firstMs'),
  ];
  table(
    [
      'turn',
      'direct p50',
      'p99',
      'gateway p50',
      'p99',
      'added p50',
      'added p99',
      'added p50 range',
    ],
    rows.map(describe),
  );
  targets(
    rows.map((row) => ({
      what: `Added p50, ${row.name}`,
      figure: addedPerRound(row, 0.5),
      limit: 1,
      unit: 'ms',
    })),
  );
}

/** How the figures above came about, in a sentence. */
export const latencyMethod =
  `Medians of ${rounds} rounds with ${samplesPerRound} turns each way, taken alternately over one ` +
  'WebSocket and one keep-alive HTTP connection; added = gateway − direct within a round, the range ' +
  'is that of the rounds. Every turn opens a session.';

async function addRound(
  samples: Samples,
  direct: DirectClient,
  script: Script,
  run: () => Promise<TurnTimes>,
): Promise<void> {
  const round = await sampleRound(direct, script, run, samplesPerRound);
  samples.direct.push(round.direct);
  samples.gateway.push(round.gateway);
}

/** So many turns each way; who goes first changes with every pair. */
async function sampleRound(
  client: DirectClient,
  script: Script,
  run: () => Promise<TurnTimes>,
  count: number,
): Promise<{ direct: TurnTimes[]; gateway: TurnTimes[] }> {
  const direct: TurnTimes[] = [];
  const gateway: TurnTimes[] = [];
  const viaSocket = async (): Promise<void> => {
    direct.push(await client.freshTurn(script));
    await sleep(settleMs);
  };
  const viaGateway = async (): Promise<void> => {
    gateway.push(await run());
    await sleep(settleMs);
  };
  for (let pair = 0; pair < count; pair++) {
    const [first, second] = pair % 2 === 0 ? [viaSocket, viaGateway] : [viaGateway, viaSocket];
    await first();
    await second();
  }
  return { direct, gateway };
}

function workload(name: string, samples: Samples, measure: keyof TurnTimes): Workload {
  const pick = (all: readonly TurnTimes[][]): number[][] =>
    all.map((round) => round.map((times) => times[measure]));
  return { name, direct: pick(samples.direct), gateway: pick(samples.gateway) };
}

function differences({ direct, gateway }: Workload, fraction: number): number[] {
  return gateway.map(
    (round, index) => quantile(round, fraction) - quantile(direct[index] ?? [], fraction),
  );
}

function addedPerRound(of: Workload, fraction: number): number {
  return median(differences(of, fraction));
}

function describe(of: Workload): string[] {
  const figure = (all: Workload['direct'], fraction: number): string =>
    ms(median(all.map((round) => quantile(round, fraction))));
  const spread = differences(of, 0.5);
  return [
    of.name,
    figure(of.direct, 0.5),
    figure(of.direct, 0.99),
    figure(of.gateway, 0.5),
    figure(of.gateway, 0.99),
    ms(addedPerRound(of, 0.5)),
    ms(addedPerRound(of, 0.99)),
    `${Math.min(...spread).toFixed(2)} … ${ms(Math.max(...spread))}`,
  ];
}
