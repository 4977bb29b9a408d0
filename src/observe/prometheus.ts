/** Prometheus text exposition format, one metric family at a time. */
import type { HistogramReading } from './histogram';

export type Labels = Readonly<Record<string, string | number>>;
export type Sample = readonly [labels: Labels, value: number];

/** Lines of one family; a bare number is a sample without labels. */
export function metric(
  type: 'counter' | 'gauge',
  name: string,
  samples: number | readonly Sample[],
): string[] {
  const list: readonly Sample[] = typeof samples === 'number' ? [[{}, samples]] : samples;
  return [
    `# TYPE ${name} ${type}`,
    ...list.map(([labels, value]) => `${name}${labelText(labels)} ${value}`),
  ];
}

/** Lines of one histogram without labels. */
export function histogram(name: string, { buckets, count, sum }: HistogramReading): string[] {
  return [
    `# TYPE ${name} histogram`,
    ...buckets.map(([upTo, inside]) => `${name}_bucket{le="${upTo}"} ${inside}`),
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${sum}`,
    `${name}_count ${count}`,
  ];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escapeLabel(String(value))}"`,
  );
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
