/** Prometheus text exposition format, one metric family at a time. */
import type { HistogramReading } from './histogram';

export type Labels = Readonly<Record<string, string | number>>;
export type Sample = readonly [labels: Labels, value: number];

/** What a family is called and what it measures: one sentence, without a line end. */
export interface Family {
  readonly name: string;
  readonly help: string;
}

/** Lines of one family; a bare number is a sample without labels. Without samples there are none. */
export function metric(
  type: 'counter' | 'gauge',
  { name, help }: Family,
  samples: number | readonly Sample[],
): string[] {
  const list: readonly Sample[] = typeof samples === 'number' ? [[{}, samples]] : samples;
  if (list.length === 0) return [];
  return [
    ...heading(type, name, help),
    ...list.map(([labels, value]) => `${name}${labelText(labels)} ${value}`),
  ];
}

/** Lines of one histogram without labels. */
export function histogram(
  { name, help }: Family,
  { buckets, count, sum }: HistogramReading,
): string[] {
  return [
    ...heading('histogram', name, help),
    ...buckets.map(([upTo, inside]) => `${name}_bucket{le="${upTo}"} ${inside}`),
    `${name}_bucket{le="+Inf"} ${count}`,
    `${name}_sum ${sum}`,
    `${name}_count ${count}`,
  ];
}

function heading(type: string, name: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
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
