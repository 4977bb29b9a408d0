/** A window as a process of its own, which a test can kill: `PORT API_KEY WORK_DIR`. */
import { silentLogger } from '../../src/observe/log';
import { openWindow } from './window';

const [port, apiKey = '', workDir = ''] = process.argv.slice(2);
const settings = { port: Number(port) };
const { controller } = openWindow({ apiKey, workDir, logger: silentLogger, settings });
controller.onDidChange((state) => {
  process.stdout.write(`${state.kind === 'ready' ? state.role : state.kind}\n`);
});
void controller.start();
