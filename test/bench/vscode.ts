/**
 * `npm run bench:vscode [-- --windows N]`: what the extension costs the VS Code it runs in. Prints
 * figures as Markdown beside their targets and asserts nothing about them. Linux, with the VS Code
 * server that `npm run test:vscode` uses.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageExtension } from '../../scripts/vscode/build.mjs';
import { installServer } from '../../scripts/vscode/install.mjs';
import { exitOnSignals } from '../../scripts/vscode/processes.mjs';
import { createProfile } from '../../scripts/vscode/profile.mjs';
import { installExtension } from '../../scripts/vscode/server.mjs';
import { activationMethod, reportActivation } from './activation';
import { reportBundles } from './bundles';
import { loadNow, machineFacts } from './machine';
import { heading, say, table, targets } from './report';
import { median } from './statistics';
import { measureWindow, type WindowFigures } from './vscode/window';

const { values } = parseArgs({ options: { windows: { type: 'string', default: '3' } } });

async function main(): Promise<void> {
  if (process.platform !== 'linux') throw new Error('Memory and CPU are read from /proc: Linux.');
  say('# The extension in VS Code\n');
  const product = await installServer();
  for (const fact of machineFacts()) say(fact);
  say(`- VS Code ${product.version}, server build`);
  say(`- Load averages before: ${loadNow()}`);

  const profile = createProfile();
  const none = path.join(profile.folder, 'no-extensions');
  mkdirSync(none);
  const without: WindowFigures[] = [];
  const fitted: WindowFigures[] = [];
  try {
    const vsix = await packageExtension(path.join(profile.folder, 'extension.vsix'));
    await installExtension(product, profile, vsix);
    // In turns, so that what else the machine does meets both alike.
    for (let count = 0; count < Number(values.windows); count++) {
      without.push(await measureWindow(none, false));
      fitted.push(await measureWindow(profile.extensions, true));
    }
  } finally {
    await profile.remove();
  }
  reportWindows(without, fitted);

  heading('Activation with a stub of VS Code');
  const loaded = await reportActivation();
  say(`\n${activationMethod}`);
  heading('Bundles');
  reportBundles(loaded);
  say(`\nLoad averages after: ${loadNow()}`);
}

function reportWindows(without: readonly WindowFigures[], fitted: readonly WindowFigures[]): void {
  const of = (all: readonly WindowFigures[], figure: (one: WindowFigures) => number): number =>
    median(all.map(figure));
  const resident = (one: WindowFigures): number => one.residentMib;
  const own = (one: WindowFigures): number => one.ownMib;
  const cpu = (one: WindowFigures): number => one.cpuPercent;
  const activations = fitted.flatMap(({ activationMs }) => activationMs ?? []);

  heading('The extension host');
  const row = (name: string, all: readonly WindowFigures[], activation: string): string[] => [
    name,
    activation,
    `${of(all, resident).toFixed(1)} MiB`,
    `${of(all, own).toFixed(1)} MiB`,
    `${of(all, cpu).toFixed(2)} %`,
  ];
  table(
    ['extension host', 'activation', 'resident', 'its own', 'idle CPU of a core'],
    [
      row('without the extension', without, '–'),
      row('with it, gateway ready', fitted, activations.map((one) => `${one} ms`).join(', ')),
    ],
  );
  targets([
    { what: 'Activation', figure: median(activations), limit: 50, unit: 'ms' },
    {
      what: 'Memory that the extension adds',
      figure: of(fitted, own) - of(without, own),
      limit: 40,
      unit: 'MiB',
    },
    {
      what: 'Idle CPU that the extension adds',
      figure: of(fitted, cpu) - of(without, cpu),
      limit: 0.5,
      unit: '% of a core',
    },
  ]);
  say(
    '\nMedians of one window each; a new server, profile and extension host every time. Activation ' +
      'is what VS Code measured (loading the code and calling `activate`, whole milliseconds). ' +
      'Memory is without a forced collection, sampled over 30 s that begin 15 s ' +
      'after the gateway is ready; CPU is the processor time of the same 30 s. Resident memory ' +
      'holds code that other processes of VS Code share, so the target is set against what is its ' +
      'own. The Lingma process is a process of its own and not part of it.',
  );
}

exitOnSignals();
main().then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(
      `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exit(1);
  },
);
