/**
 * A program for `lingmaGateway.lingmaPath` that behaves as the test says when it is started next:
 * the demo, with knobs of its own for each instance.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../../scripts/vscode/paths.mjs';

/** `DEMO_LINGMA_*` variables without that prefix. */
export type DemoKnobs = Readonly<Record<string, string>>;

export class SteeredLingma {
  /** What the setting names. */
  readonly path: string;
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'lingma-steered-'));

  constructor() {
    this.path = path.join(this.#folder, 'lingma.cjs');
    this.steer({});
    writeFileSync(
      this.path,
      `const knobs = JSON.parse(require('node:fs').readFileSync(__dirname + '/knobs.json', 'utf8'));
const folder = process.argv.find((argument) => argument.startsWith('--workDir=')) ?? '';
const instance = folder.split(/[\\\\/]/).at(-1);
for (const [name, value] of Object.entries({ ...knobs.all, ...knobs[instance] })) {
  process.env['DEMO_LINGMA_' + name] = value;
}
require(${JSON.stringify(path.join(root, 'dist', 'demo.js'))});
`,
    );
  }

  /** Holds for every process that starts from now on; keys are instance ids, or `all`. */
  steer(knobs: Readonly<Record<string, DemoKnobs>>): void {
    writeFileSync(path.join(this.#folder, 'knobs.json'), JSON.stringify(knobs));
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
