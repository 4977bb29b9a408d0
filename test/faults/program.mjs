// @ts-check
/**
 * Runs the demo as the plan for its place in the order of starts says. The plan is a JSON list of
 * environments in the folder `FAULT_FOLDER`; see `RigOptions.incarnations`.
 */
import { once } from 'node:events';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const { FAULT_FOLDER: folder = '', FAULT_DEMO: demo = '' } = process.env;
const starts = path.join(folder, 'starts');
appendFileSync(starts, '.');
/** @type {Record<string, string>[]} */
const plan = JSON.parse(readFileSync(path.join(folder, 'plan.json'), 'utf8'));
const { FAULT_THIEF: thief, ...planned } = plan[statSync(starts).size - 1] ?? {};
Object.assign(process.env, planned);

const port = Number(/--socketPort=(\d+)/.exec(process.argv.join(' '))?.[1]);
if (thief === 'mute') {
  await once(createServer().listen(port, '127.0.0.1'), 'listening');
} else if (thief === 'stranger') {
  const server = createHttpServer((_, response) => response.writeHead(404).end('not here'));
  server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 404 Not Found\r\n\r\n'));
  await once(server.listen(port, '127.0.0.1'), 'listening');
}
process.argv[1] = demo;
await import(pathToFileURL(demo).href);
