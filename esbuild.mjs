// @ts-check
/**
 * Builds dist/: one bundle for each program plus the parts that load on first use.
 * `--production` minifies, `--watch` rebuilds on change, `--meta` writes dist/meta.json for the
 * bundle-size report.
 */
import { writeFileSync, rmSync, readFileSync } from 'node:fs';
import * as esbuild from 'esbuild';

const flags = new Set(process.argv.slice(2));
const production = flags.has('--production');
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));

/** undici is half a megabyte: it stays out of the entry bundles and is loaded when a socket opens. */
const undiciOnFirstUse = {
  name: 'undici-on-first-use',
  /** @param {esbuild.PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /^undici$/ }, () => ({ path: './undici.js', external: true }));
  },
};

/** Only turns with tools or a format to keep need it. */
const jsonSchemaOnFirstUse = {
  name: 'json-schema-on-first-use',
  /** @param {esbuild.PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /^@cfworker\/json-schema$/ }, () => ({
      path: './jsonSchemaValidator.js',
      external: true,
    }));
  },
};

/** @type {esbuild.BuildOptions} */
const node = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.18',
  external: ['vscode'],
  outdir: 'dist',
  minify: production,
  sourcemap: production ? false : 'linked',
  legalComments: 'none',
  define: { __VERSION__: JSON.stringify(version) },
  metafile: true,
  logLevel: 'warning',
};

/** @type {esbuild.BuildOptions[]} */
const bundles = [
  {
    ...node,
    entryPoints: {
      extension: 'src/extension.ts',
      headless: 'src/headless.ts',
      demo: 'src/demo/main.ts',
      guardian: 'src/lingma/guardian/main.ts',
    },
    plugins: [undiciOnFirstUse, jsonSchemaOnFirstUse],
  },
  { ...node, entryPoints: { undici: 'src/lingma/undici.ts' } },
  {
    ...node,
    entryPoints: { jsonSchemaValidator: 'src/conversation/jsonSchemaValidator.ts' },
  },
  {
    ...node,
    entryPoints: { dashboard: 'src/dashboard/main.tsx' },
    platform: 'browser',
    format: 'iife',
    target: 'chrome128',
    external: [],
    jsx: 'automatic',
    jsxImportSource: 'preact',
  },
];

if (flags.has('--watch')) {
  for (const bundle of bundles) await (await esbuild.context(bundle)).watch();
} else {
  rmSync('dist', { recursive: true, force: true });
  const results = await Promise.all(bundles.map((bundle) => esbuild.build(bundle)));
  if (flags.has('--meta')) {
    writeFileSync('dist/meta.json', JSON.stringify(results.map((result) => result.metafile)));
  }
}
