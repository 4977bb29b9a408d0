/** Ours and the peers in one run: every lane in turn, round after round, and what that shows. */
import { setTimeout as sleep } from 'node:timers/promises';
import { heading, ms, say, table } from '../report';
import { Cell } from './cell';
import { type Contender, startBareHop, startOurs, startPeer } from './contenders';
import { between, type Lateness, latenessOf, shareWithin } from './eventLoop';
import { type Goal, verdict } from './goals';
import { type Lane, lanesOf } from './lanes';
import { type PacedFigures, pacedRound } from './paced';
import { peers } from './peers';
import { residentBytes } from './processes';
import { type Comparison, directOf, reportStanding, standingOf } from './standing';
import { type TurnFigures, type TurnLimits, turnRound, warmUp } from './turns';
import type { Upstream } from './upstreamProcess';
import { claudeCode, paced, plain, turnWorkloads, type Workload } from './workloads';

export interface Extent extends TurnLimits {
  readonly rounds: number;
  readonly pacedRounds: number;
  /** Turns of each lane before anything is measured, and how long they may take. */
  readonly warmUpTurns: number;
  readonly warmUpLimitMs: number;
  /** How long the memory of an idle process is given to come down. */
  readonly recoverMs: number;
}

const connections = [1, 16, 50] as const;
const streams = [1, 50, 200] as const;

interface Group<Figures extends Readonly<Record<keyof Figures, number>>> {
  readonly workload: Workload;
  readonly cells: readonly Cell<Figures>[];
}

/** Measures and prints everything; returns the goals with their figures. */
export async function reportSideBySide(upstream: Upstream, extent: Extent): Promise<Goal[]> {
  const ours = await startOurs(upstream.port);
  const contenders: Contender[] = [ours];
  try {
    contenders.push(await startBareHop(upstream.port));
    for (const peer of peers) {
      try {
        contenders.push(await startPeer(peer, upstream.port));
      } catch (error) {
        // A machine that has no such package or program still shows the others.
        const reason = error instanceof Error ? error.message : String(error);
        say(`\n**${peer.package.name} is missing:** ${reason.split('\n')[0]}`);
      }
    }
    return await measureAll(upstream, { ours, all: contenders }, extent);
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
}

async function measureAll(
  upstream: Upstream,
  { ours, all: contenders }: { readonly ours: Contender; readonly all: readonly Contender[] },
  extent: Extent,
): Promise<Goal[]> {
  await sleep(1_000);
  const memory = contenders.map((contender) => ({ contender, bytes: [memoryOf(contender)] }));
  const noteMemory = (): void => {
    for (const { contender, bytes } of memory) bytes.push(memoryOf(contender));
  };

  const turns: Group<TurnFigures>[] = [];
  for (const workload of turnWorkloads) {
    const lanes = await lanesOf(workload, upstream, contenders);
    for (const lane of lanes) await warmUp(lane, extent.warmUpTurns, extent.warmUpLimitMs);
    const run = (lane: Lane, count: number): Promise<TurnFigures> => turnRound(lane, count, extent);
    const cells = connections.flatMap((count) => lanes.map((lane) => new Cell(lane, count, run)));
    turns.push({ workload, cells });
  }
  await measureRounds(turns, upstream, extent.rounds);
  noteMemory();
  const quiet = await latenessOf(ours);

  const lanes = await lanesOf(paced, upstream, contenders);
  const cells = streams.flatMap((count) => lanes.map((lane) => new Cell(lane, count, pacedRound)));
  await measureRounds([{ workload: paced, cells }], upstream, extent.pacedRounds);
  noteMemory();
  const lateness = between(quiet, await latenessOf(ours));
  await sleep(extent.recoverMs);
  noteMemory();

  for (const group of turns) reportTurns(group);
  reportPaced(cells);
  reportLateness(lateness);
  heading('Memory');
  table(
    ['resident, MiB', 'idle after start', 'after the turns', 'after the streams', 'recovered'],
    memory.map(({ contender, bytes }) => [
      contender.name,
      ...bytes.map((value) => (value / 2 ** 20).toFixed(0)),
    ]),
  );
  say(`\nRecovered: ${extent.recoverMs / 1_000} s after the last stream.`);

  heading('Ours beside the best peer');
  const standing = [
    ...turns.flatMap((group) => standingOf(group.workload.name, group.cells, turnComparisons)),
    ...standingOf(paced.name, cells, pacedComparisons),
  ];
  const behind = reportStanding(standing);
  return [
    ...turnGoals(turns),
    verdict('rows in which a peer is ahead', behind, '≤', 0, ''),
    verdict('timers up to 5 ms late, while it streams', inTime(lateness), '≥', 99, '%'),
  ];
}

function memoryOf({ pid }: Contender): number {
  return residentBytes(pid) ?? NaN;
}

/** One lane after the other, the first one a different one each round. */
async function measureRounds<Figures extends Readonly<Record<keyof Figures, number>>>(
  groups: readonly Group<Figures>[],
  upstream: Upstream,
  rounds: number,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const { workload, cells } of groups) {
      await upstream.answer(workload.plan);
      const first = Math.floor((round * cells.length) / rounds);
      for (const cell of [...cells.slice(first), ...cells.slice(0, first)]) await cell.measure();
    }
  }
}

const turnComparisons: readonly Comparison<TurnFigures>[] = [
  { name: 'added p50', unit: 'ms', of: (cell, direct) => cell.added('p50Ms', direct) },
  { name: 'added p99', unit: 'ms', of: (cell, direct) => cell.added('p99Ms', direct) },
  { name: 'added first text', unit: 'ms', of: (cell, direct) => cell.added('firstMs', direct) },
  { name: 'CPU', unit: 'ms', of: cpuPerTurn },
  { name: 'per second', unit: '', moreIsBetter: true, of: (cell) => cell.figure('perSecond') },
];

const pacedComparisons: readonly Comparison<PacedFigures>[] = [
  { name: 'added p50', unit: 'ms', of: (cell, direct) => cell.added('lateP50Ms', direct) },
  { name: 'added p99', unit: 'ms', of: (cell, direct) => cell.added('lateP99Ms', direct) },
  { name: 'added gap p99', unit: 'ms', of: (cell, direct) => cell.added('gapP99Ms', direct) },
  { name: 'CPU', unit: 'ms', of: cpuPerDelta },
];

function reportTurns({ workload, cells }: Group<TurnFigures>): void {
  heading(`Turns: ${workload.name}`);
  const first = workload.stream ? ['first text', 'added first text'] : [];
  const rows = cells.map((cell) => {
    const { lane, clients } = cell;
    if (cell.failure !== undefined) return [lane.name, String(clients), 'fails'];
    const direct = directOf(cell, cells);
    const own = (name: 'p50Ms' | 'p99Ms' | 'firstMs'): string => ms(cell.figure(name));
    const added = (name: 'p50Ms' | 'p99Ms' | 'firstMs'): string =>
      direct ? ms(cell.added(name, direct)) : '';
    return [
      ...[lane.name, String(clients), own('p50Ms'), own('p99Ms')],
      ...[added('p50Ms'), added('p99Ms')],
      ...(workload.stream ? [own('firstMs'), added('firstMs')] : []),
      Math.round(cell.figure('perSecond')).toLocaleString('en'),
      lane.contender ? ms(cpuPerTurn(cell)) : '',
    ];
  });
  const times = ['p50', 'p99', 'added p50', 'added p99', ...first];
  table(['lane', 'connections', ...times, 'turns/s', 'CPU/turn'], rows);
  reportFailures(cells);
}

function reportPaced(cells: readonly Cell<PacedFigures>[]): void {
  heading(`Streams: ${paced.name}`);
  const rows = cells.map((cell) => {
    const { lane, clients } = cell;
    if (cell.failure !== undefined) return [lane.name, String(clients), 'fails'];
    const direct = directOf(cell, cells);
    const own = (name: keyof PacedFigures): string => ms(cell.figure(name));
    const added = (name: keyof PacedFigures): string =>
      direct ? ms(cell.added(name, direct)) : '';
    return [
      ...[lane.name, String(clients), own('gapP50Ms'), own('gapP99Ms'), added('gapP99Ms')],
      ...[own('lateP50Ms'), own('lateP99Ms'), added('lateP50Ms'), added('lateP99Ms')],
      lane.contender ? `${(1_000 * cpuPerDelta(cell)).toFixed(0)} µs` : '',
    ];
  });
  table(
    [
      ...['lane', 'streams', 'gap p50', 'gap p99', 'added gap p99'],
      ...['delay p50', 'delay p99', 'added delay p50', 'added delay p99', 'CPU/delta'],
    ],
    rows,
  );
  reportFailures(cells);
}

function reportLateness(lateness: Lateness): void {
  heading('Event loop of ours');
  const bounds = ['0.001', '0.005', '0.01', '0.025', '0.05', '0.1'];
  table(
    ['timers late by', ...bounds.map((bound) => `≤ ${Number(bound) * 1_000} ms`)],
    [['share', ...bounds.map((bound) => `${(100 * shareWithin(lateness, bound)).toFixed(1)} %`)]],
  );
  say(
    `\n${lateness.get('+Inf') ?? 0} looks, ten a second, from the first stream to the last, those of others included.`,
  );
}

/** Per cent. */
function inTime(lateness: Lateness): number {
  return 100 * shareWithin(lateness, '0.005');
}

function turnGoals(groups: readonly Group<TurnFigures>[]): Goal[] {
  const goals: Goal[] = [];
  let steepest = 0;
  for (const { workload, cells } of groups) {
    for (const cell of cells) {
      const direct = directOf(cell, cells);
      const { lane, clients } = cell;
      if (lane.contender?.kind !== 'ours' || !direct) continue;
      const where = `${workload.name}, ${lane.wire}, ${clients} at a time`;
      const addedMs = cell.added('p50Ms', direct);
      if (workload === plain && clients === 1) {
        goals.push(verdict(`added p50: ${where}`, addedMs, '≤', 0.3, 'ms'));
      }
      if (workload === plain && clients === 50) {
        goals.push(verdict(`turns/s: ${where}`, cell.figure('perSecond'), '≥', 5_000, ''));
      }
      if (workload === claudeCode && clients === 1) {
        goals.push(verdict(`added p50: ${where}`, addedMs, '≤', 1.5, 'ms'));
      }
      steepest = Math.max(steepest, cell.figure('p99Ms') / cell.figure('p50Ms'));
    }
  }
  return [...goals, verdict('p99 beside p50, the worst row of ours', steepest, '≤', 10, '×')];
}

function reportFailures<Figures extends Readonly<Record<keyof Figures, number>>>(
  cells: readonly Cell<Figures>[],
): void {
  const failures = new Map<string, string>();
  for (const { lane, failure } of cells) {
    if (failure !== undefined) failures.set(lane.name, tellingLine(failure));
  }
  if (failures.size > 0) say();
  for (const [name, line] of failures) say(`- ${name} fails: \`${line}\``);
}

/** Of an HTTP answer, the line that says what went wrong. */
function tellingLine(text: string): string {
  const lines = text.split(/[\r\n]+/).filter((line) => line.trim() !== '');
  return (lines.find((line) => /"(error|failure)"/.test(line)) ?? lines[0] ?? '').slice(0, 160);
}

function cpuPerTurn(cell: Cell<TurnFigures>): number {
  return cell.sum('cpuMs') / cell.sum('turns');
}

function cpuPerDelta(cell: Cell<PacedFigures>): number {
  return cell.sum('cpuMs') / cell.sum('deltas');
}
