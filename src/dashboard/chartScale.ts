/** The geometry of the charts; pure. */

/** A sample's place on the time axis and its value; null where there is nothing to show. */
export interface Point {
  readonly index: number;
  readonly value: number;
}

/** The smallest of 1, 2, 2.5, 5 or 10 times a power of ten that is not below `value`; 1 for 0. */
export function niceCeiling(value: number): number {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 2, 2.5, 5, 10].find((factor) => value <= factor * power * (1 + 1e-9)) ?? 10;
  return step * power;
}

/**
 * Splits values into runs to be joined by a line. A gap of more than `maxGap` samples without a
 * value ends a run, so that a line never claims to know what happened in a long silence.
 */
export function runsOf(values: readonly (number | null)[], maxGap: number): Point[][] {
  const runs: Point[][] = [];
  let last: Point | undefined;
  values.forEach((value, index) => {
    if (value === null) return;
    const point = { index, value };
    const run = runs.at(-1);
    if (run && last && index - last.index - 1 <= maxGap) run.push(point);
    else runs.push([point]);
    last = point;
  });
  return runs;
}

/** The sample nearest to `share` (0 to 1) of the width, as an index below `length`. */
export function nearestIndex(share: number, length: number): number {
  return Math.min(length - 1, Math.max(0, Math.round(share * (length - 1))));
}
