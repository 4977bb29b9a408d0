/** Waits for what another process, or VS Code, does in its own time. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Returns the first value that is not undefined; fails with `expectation` after the time is up. */
export async function eventually<T>(
  expectation: string,
  look: () => T | undefined | PromiseLike<T | undefined>,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = await look();
    if (value !== undefined) return value;
    if (performance.now() > deadline) {
      throw new Error(`Not within ${timeoutMs / 1000} s: ${expectation}.`);
    }
    await sleep(50);
  }
}
