import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * Writes `.info` (protocol §1.4, legacy form: port, then pid) and returns how to take it away.
 * Whoever polls for it never sees half of it, and a file that another instance put in its place
 * meanwhile stays.
 */
export function writeInfo(workDir: string, socketPort: number): () => void {
  const file = path.join(workDir, '.info');
  const draft = `${file}.${process.pid}`;
  const content = `${socketPort}\n${process.pid}\n`;
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
