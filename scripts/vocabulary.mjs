// @ts-check
/**
 * The vocabulary that tokens are counted with (cl100k), in the form the gateway reads: every token
 * in the order of its rank, as one byte for its length and then its bytes.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** @returns {Buffer} */
export function vocabulary() {
  const file = createRequire(import.meta.url).resolve('gpt-tokenizer/data/cl100k_base.tiktoken');
  const tokens = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line, index) => {
      const [base64 = '', rank] = line.split(' ');
      if (Number(rank) !== index) throw new Error(`rank ${rank} stands in line ${index + 1}`);
      const bytes = Buffer.from(base64, 'base64');
      if (bytes.length === 0 || bytes.length > 255) throw new Error(`token ${rank} is too long`);
      return bytes;
    });
  return Buffer.concat(tokens.flatMap((bytes) => [Buffer.of(bytes.length), bytes]));
}
