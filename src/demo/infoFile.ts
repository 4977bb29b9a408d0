import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** Where a process can be reached (protocol §1.4). */
export interface Reachable {
  readonly workDir: string;
  readonly socketPort: number;
  /** The unix socket, when there is one. */
  readonly socket: string | undefined;
}

/** What `.info` and `.info.json` say of a process. */
interface Published extends Reachable {
  readonly pid: number;
}

function infoText({ socketPort, pid, socket }: Published): string {
  const lines = [socketPort, pid, ...(socket === undefined ? [] : [socket])];
  return `${lines.join('\n')}\n`;
}

function infoJsonText({ socketPort, pid, socket }: Published): string {
  const info = { websocketPort: socketPort, pid, ipcServerPath: socket ?? '', isDev: false };
  return `${JSON.stringify(info)}\n`;
}

function infoFile(workDir: string): string {
  return path.join(workDir, '.info');
}

function infoJsonFile(workDir: string): string {
  return path.join(workDir, '.info.json');
}

/**
 * Writes `.info` (protocol §1.4, legacy form: port, pid, perhaps a socket) and returns how to take
 * it away.
 */
export function writeInfo(reachable: Reachable): () => void {
  return publish(infoFile(reachable.workDir), infoText({ ...reachable, pid: process.pid }));
}

/** Writes `.info.json` (protocol §1.4, modern form) and returns how to take it away. */
export function writeInfoJson(reachable: Reachable): () => void {
  return publish(infoJsonFile(reachable.workDir), infoJsonText({ ...reachable, pid: process.pid }));
}

/** Above the largest pid of every system. */
const deadPid = 2 ** 31 - 1;
/** Reserved for tcpmux, which nobody runs. */
const closedPort = 1;

/**
 * Writes both files as a process that crashed leaves them (protocol §8.1, case 25). Only one of the
 * two facts gives it away, so that a client has to look at both: behind `dead-pid` something else
 * listens on the port, behind `closed-port` somebody else has the pid.
 */
export function writeStaleInfo(
  workDir: string,
  sign: 'dead-pid' | 'closed-port',
  foreignPort: number,
): void {
  const gone: Published =
    sign === 'dead-pid'
      ? { workDir, socketPort: foreignPort, pid: deadPid, socket: undefined }
      : { workDir, socketPort: closedPort, pid: process.pid, socket: undefined };
  publish(infoFile(workDir), infoText(gone));
  publish(infoJsonFile(workDir), infoJsonText(gone));
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
