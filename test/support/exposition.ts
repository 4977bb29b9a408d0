/**
 * A strict reader of the Prometheus text format (version 0.0.4) that knows the naming rules of
 * `promtool check metrics` as well: what is wrong with a text, and what is in it.
 */

export interface ExposedSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ExposedFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly samples: ExposedSample[];
}

export interface Exposition {
  readonly families: ReadonlyMap<string, ExposedFamily>;
  /** One line for each rule that is broken. */
  readonly problems: readonly string[];
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (\S.*)$/;
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/y;
const SUFFIXES = /_(bucket|sum|count)$/;
/** Units that are not base units (seconds, bytes), and types in names. */
const BAD_NAME =
  /_(ms|millis\w*|milliseconds|minutes|hours|kb|mb|kib|mib|counter|gauge|histogram)(_|$)/;

/** Reads the whole of it; what cannot be read is a problem and is left out. */
export function readExposition(text: string): Exposition {
  const families = new Map<string, ExposedFamily>();
  const problems: string[] = [];
  const helps = new Map<string, string>();
  const seen = new Set<string>();
  let current: ExposedFamily | undefined;
  if (!text.endsWith('\n')) problems.push('the last line does not end');
  for (const line of text.replace(/\n$/, '').split('\n')) {
    const help = HELP.exec(line);
    const type = TYPE.exec(line);
    if (help) {
      const [, name = '', words = ''] = help;
      if (helps.has(name)) problems.push(`${name} has two helps`);
      helps.set(name, words);
    } else if (type) {
      const [, name = '', kind = ''] = type;
      if (families.has(name)) problems.push(`${name} has two types, or its lines are not together`);
      current = { name, type: kind, help: helps.get(name) ?? '', samples: [] };
      families.set(name, current);
    } else {
      const sample = readSample(line);
      if (!sample) {
        problems.push(`unreadable: ${line}`);
        continue;
      }
      const key = `${sample.name}${JSON.stringify(Object.entries(sample.labels).sort())}`;
      if (seen.has(key)) problems.push(`twice: ${line}`);
      seen.add(key);
      const base = current?.type === 'histogram' ? sample.name.replace(SUFFIXES, '') : sample.name;
      if (current?.name === base) current.samples.push(sample);
      else problems.push(`${sample.name} stands among the lines of ${current?.name ?? 'nobody'}`);
    }
  }
  for (const family of families.values()) problems.push(...lint(family));
  return { families, problems };
}

function readSample(line: string): ExposedSample | undefined {
  const [, name = '', labelText = '', number = ''] = SAMPLE.exec(line) ?? [];
  const value = Number(number);
  if (name === '' || number === '' || Number.isNaN(value)) return undefined;
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < labelText.length; at = LABEL.lastIndex) {
    LABEL.lastIndex = at;
    const [, label = '', quoted = ''] = LABEL.exec(labelText) ?? [];
    if (label === '' || label in labels) return undefined;
    labels[label] = quoted.replace(/\\(.)/g, (_, escaped: string) =>
      escaped === 'n' ? '\n' : escaped,
    );
  }
  return { name, labels, value };
}

function lint({ name, type, help, samples }: ExposedFamily): string[] {
  const problems = [];
  if (help === '') problems.push(`${name} has no help`);
  if (samples.length === 0) problems.push(`${name} has no samples`);
  if ((type === 'counter') !== name.endsWith('_total')) problems.push(`${name} is a ${type}`);
  if (BAD_NAME.test(name) || SUFFIXES.test(name)) problems.push(`${name} is badly named`);
  if (type === 'histogram') problems.push(...lintHistogram(name, samples));
  else if (samples.some(({ labels }) => 'le' in labels)) problems.push(`${name} has a label le`);
  if (type === 'counter' && samples.some(({ value }) => value < 0)) {
    problems.push(`${name} is negative`);
  }
  return problems;
}

/** Histograms here have no labels but `le`. */
function lintHistogram(name: string, samples: readonly ExposedSample[]): string[] {
  const only = (suffix: string) => samples.filter((sample) => sample.name === `${name}_${suffix}`);
  const buckets = only('bucket').map(({ labels, value }) => ({
    upTo: labels['le'] === '+Inf' ? Infinity : Number(labels['le']),
    value,
  }));
  const [sum, count] = [only('sum'), only('count')];
  const rising = buckets.every(({ upTo, value }, index) => {
    const before = buckets[index - 1];
    return !before || (upTo > before.upTo && value >= before.value);
  });
  const problems = [];
  if (!rising) problems.push(`${name}: its buckets do not rise`);
  if (buckets.at(-1)?.upTo !== Infinity) problems.push(`${name} has no bucket +Inf`);
  if (sum.length !== 1 || count.length !== 1) problems.push(`${name} lacks its sum or its count`);
  if (buckets.at(-1)?.value !== count[0]?.value) problems.push(`${name}: +Inf is not its count`);
  return problems;
}
