import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Where a process can be reached (protocol §1.4). */
export interface Reachable {
  readonly workDir: string;
  readonly socketPort: number;
  /** The unix socket, when there is one. */
  readonly socket: string | undefined;
}

/**
 * Writes `.info` (protocol §1.4, legacy form: port, pid, perhaps a socket) and returns how to take
 * it away.
 */
export function writeInfo({ workDir, socketPort, socket }: Reachable): () => void {
  const lines = [socketPort, process.pid, ...(socket === undefined ? [] : [socket])];
  return publish(path.join(workDir, '.info'), `${lines.join('\n')}\n`);
}

/** Writes `.info.json` (protocol §1.4, modern form) and returns how to take it away. */
export function writeInfoJson({ workDir, socketPort, socket }: Reachable): () => void {
  const info = {
    websocketPort: socketPort,
    pid: process.pid,
    ipcServerPath: socket ?? '',
    isDev: false,
  };
  return publish(path.join(workDir, '.info.json'), `${JSON.stringify(info)}\n`);
}

/**
 * Whoever polls for the file never sees half of it, and one that another instance put in its place
 * meanwhile stays when it is taken away.
 */
function publish(file: string, content: string): () => void {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, content, { mode: 0o600 });
  renameSync(draft, file);
  return () => {
    try {
      if (readFileSync(file, 'utf8') === content) rmSync(file);
    } catch {
      // Gone already, which is what was wanted.
    }
  };
}
