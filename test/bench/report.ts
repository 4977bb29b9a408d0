/** The report as Markdown, on stdout. */

let said = '';

export function say(text = ''): void {
  said += `${text}\n`;
  process.stdout.write(`${text}\n`);
}

/** Everything that has been said. */
export function transcript(): string {
  return said;
}

export function heading(text: string): void {
  say(`\n## ${text}\n`);
}

/** A table; every column but the first is aligned right. */
export function table(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((name, column) =>
    Math.max(4, name.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  say(line(header));
  say(line(widths.map((width, column) => '-'.repeat(width - 1) + (column === 0 ? '-' : ':'))));
  for (const row of rows) say(line(row));
}

export function ms(value: number): string {
  return `${value.toFixed(2)} ms`;
}

export function kib(bytes: number): string {
  return `${(bytes / 1024).toFixed(1)} KiB`;
}

export interface Target {
  readonly what: string;
  readonly figure: number;
  readonly limit: number;
  readonly unit: string;
}

/** Targets beside their figures: told, not asserted. */
export function targets(all: readonly Target[]): void {
  say();
  for (const { what, figure, limit, unit } of all) {
    const verdict = figure <= limit ? 'met' : 'missed';
    say(`- ${what}: ${figure.toFixed(2)} ${unit}, target ≤ ${limit} ${unit}: **${verdict}**`);
  }
}
