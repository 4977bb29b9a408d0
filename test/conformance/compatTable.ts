/** Gathers what worked, and holds docs/compat.md to it. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import prettier from 'prettier';
import { type ClientRow, type Feature, FEATURES, type Mode } from './features';

const DOCUMENT = path.resolve('docs/compat.md');
const BEGIN = '<!-- conformance:begin -->';
const END = '<!-- conformance:end -->';

const features = Object.keys(FEATURES) as Feature[];

export class CompatTable {
  readonly #rows: { readonly client: ClientRow; readonly passed: Set<string> }[] = [];

  /** Adds a client's line; what it gives notes that a feature worked. */
  add(client: ClientRow): (feature: Feature, mode: Mode) => void {
    const passed = new Set<string>();
    this.#rows.push({ client, passed });
    return (feature, mode) => passed.add(`${feature} ${mode}`);
  }

  /** The section as Markdown. */
  render(): Promise<string> {
    const notes: string[] = [];
    const lines = this.#rows.map(({ client, passed }) => {
      const cells = features.map((feature) => {
        const note = client.without[feature];
        const mark = note === undefined ? '' : ` (${noteNumber(notes, note)})`;
        if (feature in client.without) return `–${mark}`;
        const works = client.modes.every((mode) => passed.has(`${feature} ${mode}`));
        return (works ? '✓' : '✗') + mark;
      });
      const { name, version, endpoint, modes } = client;
      return [name, version, `\`${endpoint}\``, modes.join(', '), ...cells];
    });
    const head = ['Client', 'Version', 'Endpoint', 'Answers', ...Object.values(FEATURES)];
    const table = [head, head.map(() => '---'), ...lines].map(
      (cells) => `| ${cells.join(' | ')} |`,
    );
    const reasons = notes.map((note, index) => `${String(index + 1)}. ${note}`);
    return format([...table, '', ...reasons].join('\n'));
  }

  /** Puts the section into docs/compat.md. */
  async write(): Promise<void> {
    const { before, after } = readDocument();
    const section = `${BEGIN}\n\n${await this.render()}\n${END}`;
    writeFileSync(DOCUMENT, before + section + after);
  }

  /** The section as docs/compat.md has it. */
  committed(): Promise<string> {
    return format(readDocument().section);
  }
}

/** The number of a note, which is added when it is new. */
function noteNumber(notes: string[], note: string): number {
  const at = notes.indexOf(note);
  return at < 0 ? notes.push(note) : at + 1;
}

function readDocument(): { before: string; section: string; after: string } {
  const text = readFileSync(DOCUMENT, 'utf8');
  const begin = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`${DOCUMENT} lacks ${BEGIN} … ${END}`);
  return {
    before: text.slice(0, begin),
    section: text.slice(begin + BEGIN.length, end),
    after: text.slice(end + END.length),
  };
}

async function format(markdown: string): Promise<string> {
  const config = await prettier.resolveConfig(DOCUMENT);
  return prettier.format(markdown, { ...config, parser: 'markdown' });
}
