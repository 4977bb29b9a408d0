/** Numbers as people read them, in the language of the page. */
import { formatBytes, formatCompact, formatDuration, type UnitStyle } from './numbers';

function language(): string {
  return document.documentElement.lang;
}

/** `1,234`. */
export function count(value: number): string {
  return value.toLocaleString(language());
}

/** `12.3K`: for numbers of which the size is what counts. */
export function compact(value: number): string {
  return formatCompact(value, language());
}

/** `12.3kB`. */
export function bytes(value: number): string {
  return formatBytes(value, language());
}

/** Milliseconds as `840ms`, `4m 10s`; with `long` as `4 minutes 10 seconds`. */
export function duration(ms: number, style: UnitStyle = 'narrow'): string {
  return formatDuration(ms, language(), style);
}

/** Seconds that run, as `1s`, `4m 10s`: the one that has begun counts. */
export function wholeSeconds(seconds: number): string {
  return duration(Math.max(1, Math.ceil(seconds)) * 1000);
}

/** The time of day of a moment in milliseconds since 1970. */
export function clockTime(atMs: number, precision: 'minute' | 'second'): string {
  return new Date(atMs).toLocaleTimeString(language(), {
    hour: '2-digit',
    minute: '2-digit',
    ...(precision === 'second' && { second: '2-digit' }),
    hourCycle: 'h23',
  });
}
