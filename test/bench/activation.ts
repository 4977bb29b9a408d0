/** Activation time in fresh Node processes, with a stub where VS Code would be. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import * as v from 'valibot';
import { benchFolder, distFolder, plainEnvironment, projectFolder } from './paths';
import { ms, table, targets } from './report';
import { median } from './statistics';

const processes = 15;

const measurement = v.object({
  requireMs: v.number(),
  activateMs: v.number(),
  loaded: v.array(v.string()),
});
type Measurement = v.InferOutput<typeof measurement>;

/** Measures and prints; returns the files of dist/ that activation loaded. */
export async function reportActivation(): Promise<readonly string[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'lingma-bench-'));
  const empty = path.join(folder, 'empty.js');
  const baseline: Measurement[] = [];
  const extension: Measurement[] = [];
  try {
    await writeFile(empty, 'exports.activate = () => undefined;\n');
    for (let count = 0; count < processes; count++) {
      baseline.push(await activateIn(empty));
      extension.push(await activateIn(path.join(distFolder, 'extension.js')));
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const of = (all: readonly Measurement[], figure: (one: Measurement) => number): number =>
    median(all.map(figure));
  const requireMs = (all: readonly Measurement[]): number => of(all, (one) => one.requireMs);
  const activateMs = (all: readonly Measurement[]): number => of(all, (one) => one.activateMs);
  const totalMs = (all: readonly Measurement[]): number =>
    of(all, (one) => one.requireMs + one.activateMs);
  const row = (name: string, all: readonly Measurement[]): string[] => [
    name,
    ms(requireMs(all)),
    ms(activateMs(all)),
    ms(totalMs(all)),
  ];
  table(
    ['activation (stub host)', 'require', 'activate()', 'together'],
    [row('empty module', baseline), row('dist/extension.js', extension)],
  );
  const figure = totalMs(extension) - totalMs(baseline);
  targets([{ what: 'Activation (stub host)', figure, limit: 50, unit: 'ms' }]);
  return extension[0]?.loaded ?? [];
}

/** How the figures above came about, in a sentence. */
export const activationMethod =
  `Medians of ${processes} fresh Node processes with a stub of the \`vscode\` module, autoStart on; ` +
  'the start itself begins after activation and is not part of it. The extension host’s own ' +
  'figure is in the extension’s log (“activated in …”), which the VS Code tests print.';

async function activateIn(modulePath: string): Promise<Measurement> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [path.join(benchFolder, 'stubHost.mjs'), modulePath, path.join(projectFolder, 'package.json')],
    { env: plainEnvironment(), timeout: 10_000 },
  );
  return v.parse(measurement, JSON.parse(stdout));
}
