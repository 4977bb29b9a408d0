/** The gateway without VS Code: `node dist/headless.js`. */
import { randomBytes } from 'node:crypto';
import { GatewayError, toGatewayError } from './base/errors';
import { Gateway, type GatewayDependencies } from './gateway/gateway';
import type { GatewayOptions } from './gateway/options';
import { signedOutIds } from './gateway/snapshot';
import { type HeadlessFlags, parseFlags, USAGE } from './headless/flags';
import { welcome } from './headless/welcome';
import { createLogger } from './observe/log';

/** Everything has to be over by then, whatever a process is still doing. */
const STOP_LIMIT_MS = 4_500;

async function main(): Promise<void> {
  const flags = readFlags();
  const logger = createLogger((level, line) => {
    say(`${level.padEnd(5)} ${line}`);
  }, flags.logLevel);
  const apiKey = flags.apiKey || randomBytes(32).toString('base64url');
  const gateway = createGateway({ ...flags.gateway, apiKey, distDir: __dirname }, { logger });

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
  process.on('SIGTERM', stop);
  // The terminal has been closed.
  process.on('SIGHUP', stop);

  try {
    await gateway.start();
  } catch (thrown) {
    const error = toGatewayError(thrown);
    if (error.code === 'stopping') return;
    say(`lingma-gateway: ${error.message}`);
    process.exit(1);
  }
  const snapshot = gateway.snapshot();
  const { baseUrl, demo } = snapshot;
  process.stdout.write(`${JSON.stringify({ baseUrl, apiKey, demo })}\n`);
  const signedOut = signedOutIds(snapshot).length > 0;
  say(welcome({ baseUrl: baseUrl ?? '', apiKey, demo, signedOut }));
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

/** The keys can only be judged together, so it is the gateway that refuses them. */
function createGateway(options: GatewayOptions, dependencies: GatewayDependencies): Gateway {
  try {
    return new Gateway(options, dependencies);
  } catch (error) {
    refuse(error);
  }
}

/** Ends the launcher for what is wrong with its command line. */
function refuse(error: unknown): never {
  if (!(error instanceof GatewayError)) throw error;
  say(`lingma-gateway: ${error.message} (--help lists the flags)`);
  process.exit(2);
}

/** For people: stdout belongs to programs. */
function say(text: string): void {
  process.stderr.write(`${text}\n`);
}

void main();
