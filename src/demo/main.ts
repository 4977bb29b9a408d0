import { mkdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { AnswerBook, readAnswers } from './answers';
import { lineChannel } from './channel';
import { type RunOptions, readCommandLine, usage } from './commandLine';
import { Connection } from './connection';
import { writeInfo, writeInfoJson, writeStaleInfo } from './infoFile';
import { ImageStore } from './images';
import { type Knobs, UsageError } from './knobs';
import { readModels, sampleModels } from './models';
import { type Records, openAgentRecords, openRecords } from './records';
import { loginUrlOf, serveHttp, serveLocal, serveSockets } from './server';
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

function createWorld(
  speaks: World['speaks'],
  knobs: Knobs,
  records: Records,
  loginUrl: string,
): World {
  return {
    speaks,
    knobs,
    loginUrl,
    models: knobs.models === undefined ? sampleModels() : readModels(knobs.models),
    answers: new AnswerBook(knobs.answers === undefined ? [] : readAnswers(knobs.answers)),
    images: new ImageStore(),
    sessions: new SessionStore(knobs.sessionMax),
    turns: new Map(),
    account: { signedIn: !knobs.signedOut },
    records,
    exit: (code) => process.exit(code),
  };
}

/** A standard agent on stdin and stdout (protocol §4c); the end of its input is its own. */
async function runAgent(knobs: Knobs): Promise<void> {
  const records = openAgentRecords(knobs.record);
  const world = createWorld('agent', knobs, records, '');
  stopOnSignals(knobs.ignoreSigterm, () => undefined);
  if (knobs.stderrFlood > 0) flood(knobs.stderrFlood);
  if (knobs.startDelayMs > 0) await delay(knobs.startDelayMs);
  if (knobs.startExit !== undefined) {
    leave('start-up failed on request (startExit)', knobs.startExit);
    return;
  }
  new Connection(lineChannel(process.stdin, process.stdout, knobs.strayStdout), 'client', world);
  process.stdin.once('end', () => process.exit(0));
}

async function run({ workDir, socketPort, httpPort, knobs }: RunOptions): Promise<void> {
  mkdirSync(workDir, { recursive: true, mode: 0o700 });
  const records = openRecords(workDir, knobs.record);
  const cleanUps: (() => void)[] = [];
  stopOnSignals(knobs.ignoreSigterm, () => {
    for (const cleanUp of cleanUps) cleanUp();
    records.log('stopped');
  });
  if (knobs.staleInfo !== 'none') writeStaleInfo(workDir, knobs.staleInfo, httpPort);
  records.log(`starting, pid ${process.pid}`);
  if (knobs.stderrFlood > 0) flood(knobs.stderrFlood);
  if (knobs.startDelayMs > 0) await delay(knobs.startDelayMs);
  if (knobs.startExit !== undefined) {
    leave('start-up failed on request (startExit)', knobs.startExit);
    return;
  }
  const world = createWorld('lingma', knobs, records, loginUrlOf(httpPort));
  await serveHttp(httpPort, world.account);
  cleanUps.push(await serveSockets(socketPort, world));
  const { socket } = knobs;
  if (socket !== undefined) cleanUps.push(await serveLocal(socket, world));
  const reachable = { workDir, socketPort, socket };
  if (!knobs.noInfo) cleanUps.push(writeInfo(reachable));
  if (knobs.infoJson) cleanUps.push(writeInfoJson(reachable));
  records.log(
    `Communication servers ready - WebSocket: 127.0.0.1:${socketPort}, ` +
      `HTTP: 127.0.0.1:${httpPort}, IPC: ${socket ?? 'none'}`,
  );
}

async function main(): Promise<void> {
  try {
    const command = readCommandLine(process.argv.slice(2), process.env);
    if (command.kind === 'help') process.stdout.write(usage());
    else if (command.kind === 'agent') await runAgent(command.knobs);
    else await run(command.run);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    leave(message.replace(/\s*\n\s*/g, ' '), error instanceof UsageError ? 2 : 1);
  }
}

void main();
