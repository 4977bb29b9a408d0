/** A copy of the launcher without its vocabulary: counts are estimates, and everything else works. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'mocha';

describe('headless: without the tokenizer', () => {
  it('counts by estimate', async () => {
    const scratch = mkdtempSync(path.join(tmpdir(), 'lingma-test-'));
    const copy = path.join(scratch, 'dist');
    cpSync('dist', copy, {
      recursive: true,
      filter: (file) => !/tokenizer\.bin$|\.map$/.test(file),
    });
    const launcher = path.join(copy, 'headless.js');
    const child = spawn(
      process.execPath,
      [launcher, '--port', '0', '--work-dir', path.join(scratch, 'work')],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    try {
      const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
      const { baseUrl, apiKey } = JSON.parse(line) as { baseUrl: string; apiKey: string };
      const ask = async (address: string, more: object): Promise<unknown> => {
        const response = await fetch(baseUrl + address, {
          method: 'POST',
          headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
          body: JSON.stringify({ model: 'm', ...more }),
        });
        return response.json();
      };
      // Four for the message, and four bytes for a token.
      const long = [{ role: 'user', content: 'a'.repeat(400) }];
      const counted = await ask('/v1/messages/count_tokens', { messages: long });
      assert.deepEqual(counted, { input_tokens: 104 });
      const messages = [{ role: 'user', content: 'DEMO:echo eleven chr' }];
      const answer = await ask('/v1/messages', { model: 'org_auto', max_tokens: 9, messages });
      const { usage } = answer as { usage: { output_tokens: number } };
      assert.equal(usage.output_tokens, 3);
    } finally {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
      rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
    }
  });
});
