// @ts-check
/** Child processes that never outlive this one, and a clean environment for them. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A process that leads its own group.
 * @typedef {object} ProcessGroup
 * @property {number} pid
 * @property {Promise<string>} exited Resolves with how the leader ended: `code 0`, `signal SIGTERM`.
 * @property {() => Promise<void>} stop Ends the whole group and resolves when nothing of it is left.
 */

/** Leaders of the groups that still run. */
const groups = new Set(/** @type {number[]} */ ([]));

// A group of its own does not hear the terminal's Ctrl-C, so the end of this process ends them.
process.on('exit', () => {
  for (const pid of groups) signalGroup(pid, 'SIGKILL');
});

/** Turns the signals that ask for an end into an exit that takes the groups along. */
export function exitOnSignals() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
    process.once(signal, () => process.exit(130));
}

/**
 * The environment without what a surrounding VS Code would leak into a fresh one: those variables
 * redirect its start, or break it. They are present with no value, which unsets them in a child.
 * @param {NodeJS.ProcessEnv} [extra]
 * @returns {NodeJS.ProcessEnv}
 */
export function cleanEnvironment(extra = {}) {
  const leaks = Object.keys(process.env).filter((name) =>
    /^(VSCODE_|ELECTRON_|NODE_OPTIONS$)/.test(name),
  );
  const unset = Object.fromEntries(leaks.map((name) => [name, undefined]));
  return { ...process.env, ...unset, ...extra };
}

/**
 * Runs a command to its end and returns its output; rejects with the end of that output.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    /** @type {Buffer[]} */
    const output = [];
    child.stdout.on('data', (chunk) => output.push(chunk));
    child.stderr.on('data', (chunk) => output.push(chunk));
    child.once('error', reject);
    child.once('close', (code, signal) => {
      const text = Buffer.concat(output).toString('utf8').trim();
      if (code === 0) resolve(text);
      else {
        const end = text.split('\n').slice(-15).join('\n');
        reject(new Error(`\`${command} ${args.join(' ')}\` ended with ${code ?? signal}:\n${end}`));
      }
    });
  });
}

/**
 * Starts a process as the leader of a new group, its output in `logFile`.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env: NodeJS.ProcessEnv, logFile: string }} options
 * @returns {ProcessGroup}
 */
export function startGroup(command, args, { logFile, ...options }) {
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { ...options, stdio: ['ignore', log, log], detached: true });
  closeSync(log);
  const exited = new Promise((/** @type {(how: string) => void} */ resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      resolve(signal === null ? `code ${code}` : `signal ${signal}`);
    });
  });
  const pid = child.pid;
  if (pid === undefined) throw new Error(`\`${command}\` could not be started.`);
  groups.add(pid);
  return { pid, exited, stop: () => stopGroup(pid) };
}

/**
 * True while the process exists.
 * @param {number} pid
 */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * Asks a group to end, insists after ten seconds, and waits until it is gone.
 * @param {number} pid
 */
async function stopGroup(pid) {
  const deadline = performance.now() + 10_000;
  signalGroup(pid, 'SIGTERM');
  while (signalGroup(pid, 0)) {
    if (performance.now() > deadline) signalGroup(pid, 'SIGKILL');
    await sleep(50);
  }
  groups.delete(pid);
}

/**
 * Signals a group; false when nobody is left in it.
 * @param {number} pid
 * @param {NodeJS.Signals | 0} signal
 */
function signalGroup(pid, signal) {
  try {
    process.kill(-pid, signal);
    return true;
  } catch {
    return false;
  }
}
