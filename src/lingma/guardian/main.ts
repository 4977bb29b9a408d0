/**
 * The guardian: a small process that outlives a killed gateway just long enough to end the Lingma
 * processes it left behind. The gateway tells it over stdin whom to watch (`watch PID`) and whom
 * not (`forget PID`); when stdin closes, the gateway is gone.
 */
import { createInterface } from 'node:readline';
import { killTree } from '../killTree';

const watched = new Set<number>();

const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const [verb, argument] = line.split(' ');
  const pid = Number(argument);
  if (!Number.isInteger(pid) || pid <= 1) return;
  if (verb === 'watch') watched.add(pid);
  if (verb === 'forget') watched.delete(pid);
});
lines.on('close', () => {
  for (const pid of watched) killTree(pid, 'SIGKILL');
  process.exit(0);
});

// A Ctrl-C in the terminal, or a polite end of the session, reaches us as well; the gateway's own
// end decides when our work is due.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
