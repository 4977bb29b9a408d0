/** The process that runs the workbench tests. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { messageOf } from '../../../scripts/vscode/log.mjs';
import { exitOnSignals } from '../../../scripts/vscode/processes.mjs';
import { runMocha } from '../support/runMocha';

const files = readdirSync(__dirname)
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => path.join(__dirname, name));

exitOnSignals();
runMocha({ files, timeout: 180_000 }).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
