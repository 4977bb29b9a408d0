/** The gateway without VS Code: `node dist/headless.js`. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from './base/systemClock';
import { GatewayError, toGatewayError } from './base/errors';
import { Gateway } from './gateway/gateway';
import type { GatewayOptions } from './gateway/options';
import { signedOutIds } from './gateway/snapshot';
import { drained } from './headless/drain';
import { type HeadlessFlags, parseFlags, USAGE } from './headless/flags';
import { type Logging, openLog } from './headless/logging';
import { welcome } from './headless/welcome';

/** Everything has to be over by then, whatever a process is still doing. */
const STOP_LIMIT_MS = 4_500;

async function main(): Promise<void> {
  const flags = readFlags();
  const log = createLog(flags);
  const apiKey = flags.apiKey || randomBytes(32).toString('base64url');
  const gateway = createGateway({ ...flags.gateway, apiKey, distDir: __dirname }, flags, log);

  // Whoever reads our output may leave before us; the gateway goes on without a reader.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    // The guardian ends what a wedged stop would leave behind.
    setTimeout(() => process.exit(0), STOP_LIMIT_MS).unref();
    void gateway.stop().then(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  let draining = false;
  // Asked by a service manager or a container engine, and not by somebody who waits at a terminal.
  const leave = (): void => {
    if (flags.drainSeconds === 0 || draining || gateway.snapshot().state !== 'ready') {
      stop();
      return;
    }
    draining = true;
    gateway.drain();
    const deps = { snapshot: () => gateway.snapshot(), clock: systemClock, sleep };
    void drained(flags.drainSeconds * 1_000, deps).then(stop);
  };
  process.on('SIGTERM', leave);
  // The terminal has been closed.
  process.on('SIGHUP', stop);

  try {
    await gateway.start();
  } catch (thrown) {
    const error = toGatewayError(thrown);
    if (error.code === 'stopping') return;
    log.complain(error, `lingma-gateway: ${error.message}`);
    process.exit(1);
  }
  const snapshot = gateway.snapshot();
  const { baseUrl, demo } = snapshot;
  process.stdout.write(`${JSON.stringify({ baseUrl, apiKey, demo })}\n`);
  const signedOut = signedOutIds(snapshot).length > 0;
  const madeUp = flags.apiKey === '' ? apiKey : undefined;
  log.greet(welcome({ baseUrl: baseUrl ?? '', apiKey: madeUp, demo, signedOut }));
}

function readFlags(): HeadlessFlags {
  try {
    const flags = parseFlags(process.argv.slice(2), process.env);
    if (flags !== 'help') return flags;
    say(USAGE);
    process.exit(0);
  } catch (error) {
    refuse(error);
  }
}

function createLog(flags: HeadlessFlags): Logging {
  try {
    return openLog(flags);
  } catch (error) {
    refuse(error);
  }
}

/** The keys can only be judged together, so it is the gateway that refuses them. */
function createGateway(
  options: GatewayOptions,
  { origins }: HeadlessFlags,
  { logger, complain }: Logging,
): Gateway {
  try {
    return new Gateway(options, { logger, origins });
  } catch (error) {
    refuse(error, complain);
  }
}

/**
 * Ends the launcher for what is wrong with its command line.
 *
 * @param complain Says it in the log's own format, once there is a log.
 */
function refuse(error: unknown, complain?: Logging['complain']): never {
  if (!(error instanceof GatewayError)) throw error;
  const text = `lingma-gateway: ${error.message} (--help lists the flags)`;
  if (complain) complain(error, text);
  else say(text);
  process.exit(2);
}

/** For people: stdout belongs to programs. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

void main();
