import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below all ports that systems hand out by themselves (Linux from 32768, macOS and Windows from
 * 49152), so that neither a server on port 0 nor the near end of anybody's connection gets one.
 */
const FIRST_PORT = 20_000;
const PORTS = 6_000;

/**
 * A TCP port on 127.0.0.1 that nobody listens on, and that no other caller of this function gets
 * as long as this process runs: a test may leave it, come back to it, and give it to a child.
 *
 * What says "taken" to other processes is a socket on a second port, which ends with this process
 * however that ends.
 * @returns {Promise<number>}
 * @throws {Error} If none of many tries found one.
 */
export async function freePort() {
  for (let tries = 0; tries < 200; tries++) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    const claim = await listen(port + PORTS, '127.0.0.1');
    if (!claim) continue;
    claim.unref();
    // On all addresses, since some who ask will listen on all of them.
    const probe = await listen(port, '0.0.0.0');
    if (!probe) continue;
    probe.close();
    await once(probe, 'close');
    return port;
  }
  throw new Error(`No free port was found from ${FIRST_PORT} to ${FIRST_PORT + PORTS - 1}.`);
}

/**
 * @param {number} port
 * @param {string} host
 * @returns {Promise<import('node:net').Server | undefined>} Nothing if somebody else has the port.
 */
async function listen(port, host) {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
