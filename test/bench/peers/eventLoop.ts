/** How late a gateway of ours gets to what is due, as it measures that itself. */
import { readExposition } from '../../support/exposition';
import type { Contender } from './contenders';

/** Looks at the event loop by how late they came at most, in seconds; the last bound is `+Inf`. */
export type Lateness = ReadonlyMap<string, number>;

/** All looks since the gateway began. */
export async function latenessOf(contender: Contender): Promise<Lateness> {
  const headers = contender.headers('chat');
  const answer = await fetch(`http://127.0.0.1:${contender.port}/metrics`, { headers });
  const { families } = readExposition(await answer.text());
  const samples = families.get('gateway_event_loop_delay_seconds')?.samples ?? [];
  const buckets = samples.filter(({ name }) => name.endsWith('_bucket'));
  return new Map(buckets.map(({ labels, value }) => [labels['le'] ?? '', value]));
}

/** The looks between two readings. */
export function between(before: Lateness, after: Lateness): Lateness {
  return new Map([...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)]));
}

/** The share of looks that came so late at most; NaN for a bound that is none. */
export function shareWithin(lateness: Lateness, bound: string): number {
  return (lateness.get(bound) ?? NaN) / (lateness.get('+Inf') ?? NaN);
}
