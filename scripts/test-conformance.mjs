// @ts-check
/**
 * `npm run test:conformance [-- --update] [-- --grep PATTERN]`: installs the real clients where this
 * machine does not have them and runs them against the built launcher. `--update` writes what the
 * run has shown into docs/compat.md.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { allClients } from './conformance/clients.mjs';
import { installClient } from './conformance/install.mjs';
import { messageOf, say } from './vscode/log.mjs';
import { root } from './vscode/paths.mjs';
import { cleanEnvironment, exitOnSignals } from './vscode/processes.mjs';

const { values: options } = parseArgs({
  options: { update: { type: 'boolean', default: false }, grep: { type: 'string' } },
});

async function main() {
  for (const client of allClients) await installClient(client);
  say('all clients are installed, running them');
  const mocha = path.join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const args = [mocha, 'test/conformance/**/*.test.ts'];
  if (options.grep !== undefined) args.push('--grep', options.grep);
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: cleanEnvironment(options.update ? { LINGMA_CONFORMANCE_UPDATE: '1' } : {}),
    stdio: 'inherit',
  });
  process.once('exit', () => child.kill('SIGTERM'));
  const [code] = await once(child, 'exit');
  return code ?? 1;
}

exitOnSignals();
main().then(
  (code) => process.exit(code),
  (error) => {
    console.error(messageOf(error));
    process.exit(1);
  },
);
