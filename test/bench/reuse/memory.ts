/** Memory of the session cache, measured in a process of its own that can collect its garbage. */
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import * as v from 'valibot';
import { heading, kib, say, table } from '../report';

const measurement = v.array(v.object({ turns: v.number(), heapBytes: v.number() }));

export const SESSIONS = 10_000;

export function reportMemory(): void {
  heading(`Memory of ${SESSIONS} cached sessions`);
  const script = path.join(__dirname, 'memoryChild.ts');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ['--expose-gc', '--import', 'tsx', script],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(`the memory measurement failed:\n${stderr}`);
  const rows = v
    .parse(measurement, JSON.parse(stdout))
    .map(({ turns, heapBytes }) => [
      String(turns),
      kib(heapBytes),
      `${Math.round(heapBytes / SESSIONS)} B`,
    ]);
  table(['turns of each session', 'heap', 'per session'], rows);
  say(
    '\nFrom a conversation’s second turn on the cache also remembers the heads it has left, ' +
      'up to 16 for each session it may keep, to say why a turn was not continued.',
  );
}
