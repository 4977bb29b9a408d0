/** Goals beside their figures: told, never asserted. */
import { say, table } from '../report';

export interface Goal {
  readonly what: string;
  readonly figure: string;
  readonly limit: string;
  readonly met: boolean;
}

/** @param unit Stands behind both numbers; may be empty. */
export function verdict(
  what: string,
  figure: number,
  relation: '≤' | '≥',
  limit: number,
  unit: string,
): Goal {
  const met = relation === '≤' ? figure <= limit : figure >= limit;
  const written = (value: number): string => {
    const digits = Math.abs(value) >= 1_000 ? 0 : 2;
    const number = value.toLocaleString('en', {
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    return unit ? `${number} ${unit}` : number;
  };
  return { what, figure: written(figure), limit: `${relation} ${written(limit)}`, met };
}

export function reportGoals(goals: readonly Goal[]): void {
  const missed = goals.filter(({ met }) => !met).length;
  say(`${goals.length - missed} of ${goals.length} met.\n`);
  table(
    ['goal', 'figure', 'limit', 'met'],
    goals.map(({ what, figure, limit, met }) => [what, figure, limit, met ? 'yes' : '**no**']),
  );
}
