/** Where ours stands: each of its figures beside the best that a peer has in the same row. */
import { say, table } from '../report';
import type { Cell } from './cell';

type AnyFigures<Figures> = Readonly<Record<keyof Figures, number>>;

/** A figure by which lanes are compared. */
export interface Comparison<Figures extends AnyFigures<Figures>> {
  readonly name: string;
  readonly unit: string;
  readonly moreIsBetter?: boolean;
  readonly of: (cell: Cell<Figures>, direct: Cell<Figures>) => number;
}

interface Standing {
  readonly row: string;
  readonly figures: readonly {
    readonly name: string;
    readonly ours: number;
    readonly best: number;
    readonly unit: string;
    readonly ahead: boolean;
  }[];
}

/** One for every row of ours that a peer could be measured in. */
export function standingOf<Figures extends AnyFigures<Figures>>(
  workload: string,
  cells: readonly Cell<Figures>[],
  comparisons: readonly Comparison<Figures>[],
): Standing[] {
  const standings: Standing[] = [];
  for (const cell of cells) {
    const direct = directOf(cell, cells);
    const rivals = cells.filter((other) => isRival(other, cell));
    if (cell.lane.contender?.kind !== 'ours' || !direct || rivals.length === 0) continue;
    const figures = comparisons.map(({ name, unit, moreIsBetter = false, of }) => {
      const ours = of(cell, direct);
      const theirs = rivals.map((rival) => of(rival, directOf(rival, cells) ?? rival));
      const best = moreIsBetter ? Math.max(...theirs) : Math.min(...theirs);
      return { name, ours, best, unit, ahead: moreIsBetter ? ours >= best : ours <= best };
    });
    const row = `${workload}, ${cell.lane.wire}, ${cell.clients} at a time`;
    standings.push({ row, figures });
  }
  return standings;
}

/** Prints them; returns in how many rows a peer is ahead by any figure. */
export function reportStanding(standings: readonly Standing[]): number {
  const names = [...new Set(standings.flatMap(({ figures }) => figures.map(({ name }) => name)))];
  table(
    ['ours (best peer)', ...names],
    standings.map(({ row, figures }) => [
      row,
      ...names.map((name) => {
        const figure = figures.find((one) => one.name === name);
        if (!figure) return '';
        const { ours, best, unit, ahead } = figure;
        const digits = unit ? 3 : 0;
        const text = `${ours.toFixed(digits)} (${best.toFixed(digits)})`;
        return ahead ? text : `**${text}**`;
      }),
    ]),
  );
  say('\nTimes in ms; CPU per turn, for streams per delta. Bold: a peer is ahead.');
  return standings.filter(({ figures }) => figures.some(({ ahead }) => !ahead)).length;
}

/** The cell that this one is held against. */
export function directOf<Figures extends AnyFigures<Figures>>(
  { lane, clients }: Cell<Figures>,
  cells: readonly Cell<Figures>[],
): Cell<Figures> | undefined {
  return cells.find((other) => other.lane === lane.direct && other.clients === clients);
}

function isRival<Figures extends AnyFigures<Figures>>(
  other: Cell<Figures>,
  { lane, clients }: Cell<Figures>,
): boolean {
  const { contender, wire } = other.lane;
  if (contender?.kind !== 'peer' || other.failure !== undefined) return false;
  return wire === lane.wire && other.clients === clients;
}
