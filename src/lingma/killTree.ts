import { spawn } from 'node:child_process';

/**
 * Signals a process and its descendants, best effort. On POSIX the process must lead its own group
 * (spawned `detached`); Windows knows no groups and `taskkill /T` walks the tree instead.
 */
export function killTree(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  if (process.platform === 'win32') {
    const force = signal === 'SIGKILL' ? ['/F'] : [];
    spawn('taskkill', ['/PID', String(pid), '/T', ...force], { windowsHide: true }).on(
      'error',
      () => undefined,
    );
    return;
  }
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already, which is what was asked for.
  }
}

/**
 * Whether anybody of the group `pid` led is left. Windows knows no groups: there the end of the
 * leader, which is the caller's to know, counts for all.
 */
export function isGroupAlive(pid: number): boolean {
  if (process.platform === 'win32') return false;
  try {
    process.kill(-pid, 0);
    return true;
  } catch (error) {
    // EPERM: somebody is left, but may not be signalled.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}
