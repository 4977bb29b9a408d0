import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type RunOptions, readCommandLine, usage } from './commandLine';
import { writeInfo } from './infoFile';
import { UsageError } from './knobs';
import { readModels, sampleModels } from './models';
import { openRecords } from './records';
import { loginUrlOf, serveHttp, serveSockets } from './server';
import { SessionStore } from './sessions';
import type { World } from './world';

function flood(bytes: number): void {
  const line = `${'demo stderr flood '.repeat(56)}\n`;
  for (let left = bytes; left > 0; left -= line.length) process.stderr.write(line.slice(-left));
}

/** Ends the process once its last words are out. */
function leave(message: string, code: number): void {
  process.stderr.write(`lingma demo: ${message}\n`, () => process.exit(code));
}

/** Stops on a signal: politely towards clients, without `.info`, exit code 0. */
function stopOnSignals(ignoreSigterm: boolean, cleanUp: () => void): void {
  const stop = (): void => {
    cleanUp();
    // One round of the event loop lets the close frames go out.
    setImmediate(() => process.exit(0));
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', ignoreSigterm ? () => undefined : stop);
}

async function run({ workDir, socketPort, httpPort, knobs }: RunOptions): Promise<void> {
  const models = knobs.models === undefined ? sampleModels() : readModels(knobs.models);
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
  const records = openRecords(workDir, knobs.record);
  const cleanUps: (() => void)[] = [];
  stopOnSignals(knobs.ignoreSigterm, () => {
    for (const cleanUp of cleanUps) cleanUp();
    records.log('stopped');
  });
  records.log(`starting, pid ${process.pid}`);
  if (knobs.stderrFlood > 0) flood(knobs.stderrFlood);
  if (knobs.startDelayMs > 0) await delay(knobs.startDelayMs);
  if (knobs.startExit !== undefined) {
    leave('start-up failed on request (startExit)', knobs.startExit);
    return;
  }
  const world: World = {
    knobs,
    loginUrl: loginUrlOf(httpPort),
    models,
    sessions: new SessionStore(knobs.sessionMax),
    turns: new Map(),
    account: { signedIn: !knobs.signedOut },
    records,
    exit: (code) => process.exit(code),
  };
  await serveHttp(httpPort, world.account);
  cleanUps.push(await serveSockets(socketPort, world));
  if (!knobs.noInfo) cleanUps.push(writeInfo(workDir, socketPort));
  records.log(
    `Communication servers ready - WebSocket: 127.0.0.1:${socketPort}, ` +
      `HTTP: 127.0.0.1:${httpPort}, IPC: none`,
  );
}

async function main(): Promise<void> {
  try {
    const command = readCommandLine(process.argv.slice(2), process.env);
    if (command.kind === 'help') process.stdout.write(usage());
    else await run(command.run);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    leave(message.replace(/\s*\n\s*/g, ' '), error instanceof UsageError ? 2 : 1);
  }
}

void main();
