// @ts-check
/** Preloaded into a peer that would listen on every address: the bench is nobody else's server. */
const { Server } = require('node:net');

const { listen } = Server.prototype;
Server.prototype.listen = function (/** @type {any[]} */ ...args) {
  const [first] = args;
  if (typeof first === 'number') args.splice(0, 1, { port: first, host: '127.0.0.1' });
  else if (first && typeof first === 'object') args[0] = { ...first, host: '127.0.0.1' };
  // A second argument would name the address again.
  if (typeof args[1] === 'string') args.splice(1, 1);
  return Reflect.apply(listen, this, args);
};
