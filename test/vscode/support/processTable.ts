/** What the operating system says about processes that are not our children. */
import { readFileSync } from 'node:fs';
import { eventually } from './eventually';

/** True while the process runs. A dead one that nobody has collected yet does not count. */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== 'linux' || statFields(pid)?.[0] !== 'Z';
}

export async function allGone(pids: readonly number[]): Promise<void> {
  await eventually(
    `the processes ${pids.join(', ')} have ended`,
    () => (pids.some(isRunning) ? undefined : true),
    15_000,
  );
}

/** Linux only: the process that started `pid`. */
export function parentOf(pid: number): number {
  const parent = Number(statFields(pid)?.[1]);
  if (!(parent > 1)) throw new Error(`Process ${pid} has no parent to look at.`);
  return parent;
}

/** State, parent and so on; the name in front of them may itself hold spaces and brackets. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
