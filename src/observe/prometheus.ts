/** Prometheus text exposition format, one metric family at a time. */

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

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(
    ([name, value]) => `${name}="${escapeLabel(String(value))}"`,
  );
  return pairs.length > 0 ? `{${pairs.join(',')}}` : '';
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
