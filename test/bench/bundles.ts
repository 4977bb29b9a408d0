/** Sizes of what the build makes, and when it is loaded. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { distFolder } from './paths';
import { kib, table, targets } from './report';

/** When the files are loaded that activation does not load. */
const firstUse: Readonly<Record<string, string>> = {
  'gateway.js': 'first use: gateway start',
  'undici.js': 'first use: connection to Lingma',
  'jsonSchemaValidator.js': 'first use: a turn with tools or a format',
  'guardian.js': 'first use: own process, gateway start',
  'demo.js': 'first use: own process, no Lingma found',
  'dashboard.js': 'first use: panel opened (webview)',
  'headless.js': 'never in VS Code: npm start',
};

/** @param loaded The files of dist/ that activation loaded, as it was observed. */
export function reportBundles(loaded: readonly string[]): void {
  const bundles = readdirSync(distFolder)
    .filter((name) => name.endsWith('.js'))
    .map((name) => {
      const content = readFileSync(path.join(distFolder, name));
      const atActivation = loaded.includes(name);
      return {
        atActivation,
        bytes: content.length,
        row: [
          name,
          kib(content.length),
          kib(gzipSync(content, { level: 9 }).length),
          atActivation ? 'activation' : (firstUse[name] ?? 'unknown'),
        ],
      };
    });
  table(
    ['bundle', 'minified', 'gzip', 'loaded'],
    bundles.map(({ row }) => row),
  );
  const bytes = bundles.reduce((sum, bundle) => sum + (bundle.atActivation ? bundle.bytes : 0), 0);
  targets([{ what: 'Loaded at activation', figure: bytes / 1024, limit: 150, unit: 'KiB' }]);
}
