import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after } from 'mocha';

/**
 * Removes a folder with all that is in it, and begins anew when something comes into it meanwhile:
 * the last writes of what has just been closed may still be on their way.
 */
export function removeFolder(folder: string): Promise<void> {
  return rm(folder, { recursive: true, force: true, maxRetries: 10 });
}

/**
 * For a `describe` block: makes temporary folders, which are gone after the last of its tests. Not
 * after each, since that would be before the block's own `afterEach` has closed what uses them.
 */
export function useTempDirs(): () => string {
  const made: string[] = [];
  after(async () => {
    for (const folder of made.splice(0)) await removeFolder(folder);
  });
  return () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'lingma-test-'));
    made.push(folder);
    return folder;
  };
}
