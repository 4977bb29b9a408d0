/** What is shipped and what activation loads may weigh; both are the same on every machine. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { benchFolder, distFolder, plainEnvironment, projectFolder } from '../bench/paths';

interface Size {
  /** KiB as it lies on disk, and as gzip packs it. */
  readonly raw: number;
  readonly gzip: number;
  readonly reason: string;
}

/** About a twentieth above what they were when this was written: growth has to be meant. */
const sizes: Readonly<Record<string, Size>> = {
  'extension.js': { raw: 100.5, gzip: 35.3, reason: 'read while VS Code starts' },
  'gateway.js': { raw: 291.5, gzip: 101, reason: 'read when the gateway starts' },
  'headless.js': { raw: 308, gzip: 107, reason: 'the launcher: the core and its flags' },
  'undici.js': { raw: 549.5, gzip: 172.5, reason: 'the library alone' },
  'setup.js': { raw: 195.6, gzip: 65.5, reason: 'three parsers of configurations' },
  'jsonSchemaValidator.js': { raw: 25.8, gzip: 7.7, reason: 'the library alone' },
  'guardian.js': { raw: 0.8, gzip: 0.5, reason: 'a process of its own, so it must stay tiny' },
  'demo.js': { raw: 104.5, gzip: 33.6, reason: 'stands in for a Lingma that is missing' },
  'dashboard.js': { raw: 50, gzip: 17.6, reason: 'read when the page opens' },
};

/** Files of dist/ that activation may load; everything else waits for its first use. */
const atActivation = ['extension.js'];

describe('budgets of the build', () => {
  it('keeps every bundle to its size', () => {
    assert.doesNotMatch(
      readFileSync(path.join(distFolder, 'extension.js'), 'latin1').slice(-200),
      /sourceMappingURL/,
      'dist/ is no production build: run `npm run build`',
    );
    const names = readdirSync(distFolder).filter((name) => name.endsWith('.js'));
    assert.deepEqual(names.sort(), Object.keys(sizes).sort(), 'a bundle has no budget');
    const tooLarge = names.flatMap((name) => {
      const content = readFileSync(path.join(distFolder, name));
      const raw = content.length / 1024;
      const gzip = gzipSync(content, { level: 9 }).length / 1024;
      const limit = sizes[name];
      if (!limit || (raw <= limit.raw && gzip <= limit.gzip)) return [];
      const found = `${raw.toFixed(1)} KiB (gzip ${gzip.toFixed(1)})`;
      return [`${name}: ${found} of ${limit.raw} (${limit.gzip}), ${limit.reason}`];
    });
    assert.deepEqual(tooLarge, []);
  });

  it('loads nothing at activation but its entry', async () => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        path.join(benchFolder, 'stubHost.mjs'),
        path.join(distFolder, 'extension.js'),
        path.join(projectFolder, 'package.json'),
      ],
      { env: plainEnvironment(), timeout: 15_000 },
    );
    const { loaded } = JSON.parse(stdout) as { readonly loaded: readonly string[] };
    assert.deepEqual(loaded, atActivation);
  });
});
