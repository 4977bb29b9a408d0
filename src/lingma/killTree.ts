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
