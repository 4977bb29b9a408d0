/** Runs mocha from code, in the extension host and outside it, and leaves its numbers in a file. */
import { createWriteStream, writeFileSync } from 'node:fs';
import path from 'node:path';
import { format } from 'node:util';
import Mocha from 'mocha';

export interface RunOptions {
  readonly files: readonly string[];
  /** Milliseconds one test may take. */
  readonly timeout: number;
}

/** Resolves when every test has run; rejects when one failed, or none was there. */
export async function runMocha({ files, timeout }: RunOptions): Promise<void> {
  const folder = process.env['LINGMA_GATEWAY_TEST_RESULTS'];
  if (folder === undefined) throw new Error('Run these tests with `npm run test:vscode`.');
  const log = createWriteStream(path.join(folder, 'mocha.log'));
  // A console inside VS Code loses the formatting; a file keeps every line as mocha wrote it.
  Mocha.reporters.Base.consoleLog = (...line: unknown[]) => log.write(`${format(...line)}\n`);

  const mocha = new Mocha({ ui: 'bdd', timeout, color: false, forbidOnly: true });
  const grep = process.env['LINGMA_GATEWAY_TEST_GREP'];
  if (grep !== undefined) mocha.grep(new RegExp(grep));
  for (const file of files) mocha.addFile(file);
  await mocha.loadFilesAsync();
  const stats = await new Promise<Mocha.Stats | undefined>((resolve) => {
    const runner = mocha.run(() => {
      resolve(runner.stats);
    });
  });
  await new Promise((resolve) => log.end(resolve));

  const { passes = 0, failures = 0, pending = 0 } = stats ?? {};
  const tally = { passed: passes, failed: failures, skipped: pending };
  // Last of all: a run that does not come this far has no result, whatever VS Code says of it.
  writeFileSync(path.join(folder, 'result.json'), JSON.stringify(tally));
  if (failures > 0 || passes === 0) throw new Error(`${failures} of the tests failed.`);
}
