/** The clock of this machine; apart from `clock.ts`, which is also read where there is no Node. */
import os from 'node:os';
import { type Clock, createClock } from './clock';

export const systemClock: Clock = createClock({
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  uptimeMs: () => os.uptime() * 1_000,
});
