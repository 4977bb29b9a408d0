// @ts-check
/**
 * Preloaded into the launcher, it counts work that a turn causes, and tells when it is asked over
 * the channel to its parent. Counted is what cannot depend on the machine: calls and bytes, no time.
 */
const { createHash } = require('node:crypto');
const { Socket } = require('node:net');

const counts = {
  /** Hand-overs to the system, towards clients and towards Lingma. */
  clientWrites: 0,
  lingmaWrites: 0,
  parses: 0,
  parsedChars: 0,
  stringifies: 0,
  hashedBytes: 0,
  timers: 0,
};

/** @typedef {Socket & { server?: unknown }} AnySocket Only one that was accepted has a server. */
const streams = /** @type {any} */ (Socket.prototype);
for (const name of ['_write', '_writev']) {
  const write = streams[name];
  streams[name] = function (/** @type {unknown[]} */ ...args) {
    if (/** @type {AnySocket} */ (this).server) counts.clientWrites++;
    else counts.lingmaWrites++;
    return Reflect.apply(write, this, args);
  };
}

const { parse, stringify } = JSON;
JSON.parse = (text, reviver) => {
  counts.parses++;
  counts.parsedChars += String(text).length;
  return parse(text, reviver);
};
JSON.stringify = (/** @type {[any]} */ ...args) => {
  counts.stringifies++;
  return stringify(...args);
};

const hashes = Object.getPrototypeOf(createHash('sha256'));
const { update } = hashes;
hashes.update = function (/** @type {string | Uint8Array} */ data, /** @type {any} */ encoding) {
  counts.hashedBytes += typeof data === 'string' ? Buffer.byteLength(data, encoding) : data.length;
  return update.call(this, data, encoding);
};

for (const name of /** @type {const} */ (['setTimeout', 'setInterval'])) {
  const set = /** @type {any} */ (globalThis)[name];
  /** @type {any} */ (globalThis)[name] = (/** @type {any[]} */ ...args) => {
    counts.timers++;
    return set(...args);
  };
}

process.on('message', (/** @type {{ collect: boolean }} */ { collect }) => {
  if (collect) globalThis.gc?.();
  process.send?.({ ...counts, heapBytes: process.memoryUsage().heapUsed });
});
// The channel alone keeps nobody alive.
process.channel?.unref();
