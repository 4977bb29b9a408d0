import { appendFileSync, closeSync, fchmodSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';

/** What a process tells about itself to the tests and to whoever reads its log. */
export interface Records {
  /** A line of `logs/lingma.log`; for rare things only, since it is written at once. */
  readonly log: (line: string) => void;
  /** Everything that came in, for the `record` knob. */
  readonly inbound: (message: unknown) => void;
  /** Something that happened, for the `record` knob. */
  readonly event: (event: string, fields?: Readonly<Record<string, unknown>>) => void;
}

/**
 * Opens `logs/lingma.log` in the work directory (protocol §1.3) and, when asked for, the recording.
 * Both are written synchronously, so that nothing is lost when a script ends the process.
 */
export function openRecords(workDir: string, recordFile: string | undefined): Records {
  const folder = path.join(workDir, 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const logFile = path.join(folder, 'lingma.log');
  const log = (line: string): void => {
    appendFileSync(logFile, `${new Date().toISOString()} ${line}\n`, { mode: 0o600 });
  };
  return withRecording(log, recordFile);
}

/** The same for an agent, which has no work directory: its log goes to stderr. */
export function openAgentRecords(recordFile: string | undefined): Records {
  return withRecording((line) => void process.stderr.write(`${line}\n`), recordFile);
}

function withRecording(log: Records['log'], recordFile: string | undefined): Records {
  if (recordFile === undefined) {
    return { log, inbound: () => undefined, event: () => undefined };
  }
  const record = openRecording(recordFile);
  return {
    log,
    inbound: (message) => {
      record({ dir: 'in', message });
    },
    event: (event, fields) => {
      record({ dir: 'event', event, ...fields });
    },
  };
}

/** Several processes may share the file: it is opened for appending and each line is one write. */
function openRecording(file: string): (fields: Readonly<Record<string, unknown>>) => void {
  const handle = openSync(file, 'a', 0o600);
  try {
    fchmodSync(handle, 0o600);
  } catch (error) {
    closeSync(handle);
    throw error;
  }
  return (fields) => {
    writeSync(handle, `${JSON.stringify({ ts: Date.now(), pid: process.pid, ...fields })}\n`);
  };
}
