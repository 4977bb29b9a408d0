/** CPU time of another process: the one figure a busy machine hardly changes. Linux only. */
import { readFileSync } from 'node:fs';

/** The unit of `/proc`: Linux shows 100 ticks a second to programs, whatever its own rate. */
const msPerTick = 10;

/** User and system time of all threads so far; undefined where the system does not tell. */
export function cpuTimeMs(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // The second field, the name in brackets, may hold spaces; utime and stime are 14 and 15.
  const [user, system] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 13)
    .map(Number);
  return ((user ?? 0) + (system ?? 0)) * msPerTick;
}
