/** What this process costs. In VS Code it is the extension host, which other extensions share. */
import { readdirSync } from 'node:fs';

export interface ProcessFigures {
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly heapTotalBytes: number;
  readonly cpuSeconds: number;
  /** Unix time. */
  readonly startedAtSeconds: number;
  /** Undefined where the system has no cheap way to tell. */
  readonly openFiles: number | undefined;
}

export function readProcessFigures(epochMs: number): ProcessFigures {
  const { rss, heapUsed, heapTotal } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  return {
    residentBytes: rss,
    heapUsedBytes: heapUsed,
    heapTotalBytes: heapTotal,
    cpuSeconds: (user + system) / 1_000_000,
    startedAtSeconds: Math.round(epochMs / 1000 - process.uptime()),
    openFiles: countOpenFiles(),
  };
}

function countOpenFiles(): number | undefined {
  try {
    // One of them is the folder that is being read.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}
