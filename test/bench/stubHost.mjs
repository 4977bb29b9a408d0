// @ts-check
/**
 * `node stubHost.mjs MODULE MANIFEST`: loads an extension's module and activates it, in a process
 * that has done nothing before. Prints how long both took and which files next to the module were
 * loaded. The `vscode` it finds answers anything and does nothing; settings have their defaults.
 */
import { readFileSync, writeSync } from 'node:fs';
import Module, { createRequire } from 'node:module';
import path from 'node:path';

const [modulePath = '', manifestPath = ''] = process.argv.slice(2);
const require = createRequire(import.meta.url);

/**
 * A function, class and object at once: what is read from it, called or constructed is of its kind.
 * @param {Readonly<Record<PropertyKey, unknown>>} known What it answers in earnest.
 * @returns {any}
 */
function anything(known = {}) {
  const target = function () {};
  return new Proxy(target, {
    get(_, name) {
      if (Object.hasOwn(known, name)) return known[name];
      if (name === 'prototype') return target.prototype;
      // Not a promise, so that awaiting it ends at once.
      if (name === 'then') return undefined;
      if (name === Symbol.toPrimitive) return () => '';
      if (name === Symbol.iterator) return [][Symbol.iterator];
      return anything();
    },
    set: () => true,
    apply: () => anything(),
    construct: () => anything(),
  });
}

/** @type {Record<string, { default: unknown }>} */
const settings = Object.assign(
  {},
  ...JSON.parse(readFileSync(manifestPath, 'utf8')).contributes.configuration.map(
    (/** @type {{ properties: object }} */ category) => category.properties,
  ),
);

// Only a prototype: bundled code copies the module object's own properties and keeps its prototype.
const vscode = Object.create(
  anything({
    l10n: { t: (/** @type {string} */ text) => text },
    workspace: anything({
      getConfiguration: (/** @type {string} */ section) => ({
        get: (/** @type {string} */ name) => settings[`${section}.${name}`]?.default,
      }),
    }),
  }),
);

const context = anything({
  subscriptions: [],
  extensionPath: path.dirname(manifestPath),
  // Never answered: the start of the gateway waits for the key and goes no further.
  secrets: anything({ get: () => new Promise(() => undefined) }),
});

/** @type {{ _load(request: string, ...rest: unknown[]): unknown }} */
const loader = /** @type {any} */ (Module);
const load = loader._load.bind(loader);
loader._load = (request, ...rest) => (request === 'vscode' ? vscode : load(request, ...rest));

const beganMs = performance.now();
const extension = require(modulePath);
const loadedMs = performance.now();
await extension.activate(context);
const activatedMs = performance.now();

const result = {
  requireMs: loadedMs - beganMs,
  activateMs: activatedMs - loadedMs,
  loaded: Object.keys(require.cache)
    .filter((file) => path.dirname(file) === path.dirname(modulePath))
    .map((file) => path.basename(file)),
};
writeSync(1, JSON.stringify(result));
process.exit(0);
