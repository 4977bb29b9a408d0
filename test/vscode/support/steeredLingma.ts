/**
 * A program for `lingmaGateway.lingmaPath` that behaves as the test says when it is started next:
 * the demo, with knobs of its own for each instance.
 */
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { root } from '../../../scripts/vscode/paths.mjs';

/**
 * `DEMO_LINGMA_*` variables without that prefix. With `HOLD` a process does nothing until it is
 * steered without it, which has to be within the 20 seconds that the gateway waits for a start.
 */
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
      `const folder = process.argv.find((argument) => argument.startsWith('--workDir=')) ?? '';
const instance = folder.split(/[\\\\/]/).at(-1);
function read() {
  const text = require('node:fs').readFileSync(__dirname + '/knobs.json', 'utf8');
  const { all, [instance]: own } = JSON.parse(text);
  return { ...all, ...own };
}
let knobs = read();
while (knobs.HOLD) {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  knobs = read();
}
for (const [name, value] of Object.entries(knobs)) {
  process.env['DEMO_LINGMA_' + name] = value;
}
require(${JSON.stringify(path.join(root, 'dist', 'demo.js'))});
`,
    );
  }

  /**
   * Holds for every process that starts from now on, or is held; keys are instance ids, or `all`.
   */
  steer(knobs: Readonly<Record<string, DemoKnobs>>): void {
    // In one step: a process may read it at any time.
    const file = path.join(this.#folder, 'knobs.json');
    writeFileSync(`${file}.part`, JSON.stringify(knobs));
    renameSync(`${file}.part`, file);
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
