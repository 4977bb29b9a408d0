/** The vocabulary that tokens are counted with, from the file that is built beside the bundles. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { BytePairs } from '../conversation/bytePairs';
import { TokenCounter } from '../conversation/tokens';
import { readEncoding } from '../conversation/vocabulary';
import type { Logger } from '../observe/log';

/** A counter that loads `tokenizer.bin` from `distDir` once it is asked to get ready. */
export function encodingCounter(distDir: string, logger: Logger): TokenCounter {
  return new TokenCounter(() => loadEncoding(distDir, logger.child('tokens')));
}

/** What goes wrong is logged and thrown: then there are estimates only. */
async function loadEncoding(distDir: string, logger: Logger): Promise<BytePairs> {
  const startedAtMs = performance.now();
  try {
    const encoding = await readEncoding(await readFile(path.join(distDir, 'tokenizer.bin')));
    const tookMs = (performance.now() - startedAtMs).toFixed(0);
    logger.log('debug', `the tokenizer was loaded in ${tookMs} ms`);
    return encoding;
  } catch (error) {
    logger.log('warn', `token counts are estimates, without a tokenizer: ${String(error)}`);
    throw error;
  }
}
