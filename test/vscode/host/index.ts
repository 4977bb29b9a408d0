/** The extension host calls `run` and reports its outcome to the workbench. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { runMocha } from '../support/runMocha';

export async function run(): Promise<void> {
  process.setSourceMapsEnabled(true);
  const files = readdirSync(__dirname)
    .filter((name) => name.endsWith('.test.js'))
    .map((name) => path.join(__dirname, name));
  await runMocha({ files, timeout: 90_000 });
}
