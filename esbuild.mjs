// @ts-check
/**
 * Builds dist/: one bundle for each program plus the parts that load on first use.
 * `--production` minifies, `--watch` rebuilds on change, `--meta` writes dist/meta.json for the
 * bundle-size report.
 */
import { mkdirSync, writeFileSync, rmSync, readFileSync } from 'node:fs';
import * as esbuild from 'esbuild';
import { vocabulary } from './scripts/vocabulary.mjs';

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

/** Only turns with tools or a format to keep need it; also what the threads run that judge. */
const jsonSchemaOnFirstUse = {
  name: 'json-schema-on-first-use',
  /** @param {esbuild.PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /\/jsonSchemaValidator$/ }, () => ({
      path: './jsonSchemaValidator.js',
      external: true,
    }));
  },
};

/**
 * The core is most of the code, and activation needs none of it. The launcher, which is nothing but
 * the core, keeps it in one file.
 */
const coreOnFirstUse = {
  name: 'core-on-first-use',
  /** @param {esbuild.PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /\/gateway\/gateway$/ }, ({ importer }) =>
      /[\\/]src[\\/](extension\.ts|vscode[\\/].*)$/.test(importer)
        ? { path: './gateway.js', external: true }
        : undefined,
    );
  },
};

/** What sets up clients brings parsers for their configurations. */
const setupOnFirstUse = {
  name: 'setup-on-first-use',
  /** @param {esbuild.PluginBuild} build */
  setup(build) {
    build.onResolve({ filter: /\/setup\/main$/ }, () => ({ path: './setup.js', external: true }));
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
      gateway: 'src/gateway/gateway.ts',
    },
    plugins: [coreOnFirstUse, setupOnFirstUse, undiciOnFirstUse, jsonSchemaOnFirstUse],
  },
  { ...node, entryPoints: { undici: 'src/lingma/undici.ts' } },
  {
    ...node,
    entryPoints: { setup: 'src/vscode/setup/main.ts' },
    // A UMD build, which jsonc-parser names first, cannot be bundled.
    mainFields: ['module', 'main'],
  },
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

/** Read on first use, by `src/gateway/encodingFile.ts`. */
function writeVocabulary() {
  mkdirSync('dist', { recursive: true });
  writeFileSync('dist/tokenizer.bin', vocabulary());
}

if (flags.has('--watch')) {
  writeVocabulary();
  for (const bundle of bundles) await (await esbuild.context(bundle)).watch();
} else {
  rmSync('dist', { recursive: true, force: true });
  writeVocabulary();
  const results = await Promise.all(bundles.map((bundle) => esbuild.build(bundle)));
  if (flags.has('--meta')) {
    writeFileSync('dist/meta.json', JSON.stringify(results.map((result) => result.metafile)));
  }
}
