/** The extension host as the operating system sees it. Linux only. */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { cpuTimeMs } from '../cpuTime';
import { median } from '../statistics';

/** The extension host below a VS Code server; undefined until there is exactly one. */
export function extensionHostOf(serverPid: number): number | undefined {
  const hosts = descendantsOf(serverPid).filter((pid) =>
    textOf(`/proc/${pid}/cmdline`).includes('--type=extensionHost'),
  );
  return hosts.length === 1 ? hosts[0] : undefined;
}

export interface IdleFigures {
  /** Per cent of one core. */
  readonly cpuPercent: number;
  /** MiB in memory, the program's code included; the median of one sample a second. */
  readonly residentMib: number;
  /** MiB of these that no other process shares: what the process allocated itself. */
  readonly ownMib: number;
}

/** What a process uses over some seconds in which nobody asks for anything. */
export async function observeIdle(pid: number, seconds: number): Promise<IdleFigures> {
  const resident: number[] = [];
  const own: number[] = [];
  const beganMs = performance.now();
  const before = cpuTimeMs(pid) ?? NaN;
  for (let second = 0; second < seconds; second++) {
    await sleep(1_000);
    resident.push(memoryMib(pid, 'VmRSS'));
    own.push(memoryMib(pid, 'RssAnon'));
  }
  const used = (cpuTimeMs(pid) ?? NaN) - before;
  return {
    cpuPercent: (used / (performance.now() - beganMs)) * 100,
    residentMib: median(resident),
    ownMib: median(own),
  };
}

function memoryMib(pid: number, field: 'VmRSS' | 'RssAnon'): number {
  const kib = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(textOf(`/proc/${pid}/status`))?.[1];
  return Number(kib ?? NaN) / 1024;
}

function descendantsOf(pid: number): number[] {
  const parents = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => [
        Number(name),
        Number(/^PPid:\s+(\d+)/m.exec(textOf(`/proc/${name}/status`))?.[1]),
      ]),
  );
  const below = (ancestor: number): number[] =>
    [...parents].flatMap(([child, parent]) =>
      parent === ancestor ? [child, ...below(child)] : [],
    );
  return below(pid);
}

/** Empty for a process that has ended meanwhile. */
function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
