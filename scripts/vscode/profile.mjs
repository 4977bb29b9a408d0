// @ts-check
/** A VS Code profile that exists for one run: user data, extensions and an empty workspace. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/**
 * @typedef {object} Profile
 * @property {string} folder Holds everything below; also the place for logs.
 * @property {string} userData
 * @property {string} extensions
 * @property {string} workspace
 * @property {() => Promise<void>} remove
 */

/** Keeps a fresh VS Code from greeting, updating, reporting and filling the window. */
const quietSettings = {
  'workbench.startupEditor': 'none',
  'workbench.enableExperiments': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'telemetry.telemetryLevel': 'off',
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'update.mode': 'none',
};

/**
 * @param {Record<string, unknown>} [settings] User settings on top of the quiet ones.
 * @returns {Profile}
 */
export function createProfile(settings = {}) {
  // Short: the folder holds Unix sockets, whose paths may have about 100 characters.
  const folder = mkdtempSync(path.join(tmpdir(), 'lingma-vscode-'));
  const profile = {
    folder,
    userData: path.join(folder, 'data'),
    extensions: path.join(folder, 'extensions'),
    workspace: path.join(folder, 'workspace'),
    remove: () => rm(folder, { recursive: true, force: true, maxRetries: 10 }),
  };
  mkdirSync(profile.extensions);
  mkdirSync(profile.workspace);
  writeSettings(profile, settings);
  return profile;
}

/**
 * Replaces the settings; a running VS Code notices.
 * @param {Profile} profile
 * @param {Record<string, unknown>} settings
 */
export function writeSettings(profile, settings) {
  const text = JSON.stringify({ ...quietSettings, ...settings }, null, 2);
  // The server build takes settings of scope `machine` from the second place only.
  for (const place of ['User', 'Machine']) {
    const folder = path.join(profile.userData, place);
    mkdirSync(folder, { recursive: true });
    // In one step: a VS Code that read half of a file would take the rest for its defaults.
    const whole = path.join(profile.folder, 'settings.json');
    writeFileSync(whole, text);
    renameSync(whole, path.join(folder, 'settings.json'));
  }
}

/**
 * Puts an unpacked extension into a profile that no VS Code has been started with: the first one
 * takes what lies there as installed. (The address of the server build names one extension under
 * development at most.)
 * @param {Profile} profile
 * @param {string} folder
 */
export function addExtension(profile, folder) {
  const { publisher, name, version } = JSON.parse(
    readFileSync(path.join(folder, 'package.json'), 'utf8'),
  );
  const target = path.join(profile.extensions, `${publisher}.${name}-${version}`);
  cpSync(folder, target, { recursive: true });
}

/**
 * Variables that keep a test apart from this machine's user: no Lingma of theirs is found, so the
 * embedded demo runs, and no window of theirs shares its gateway.
 * @param {Profile} profile
 * @returns {NodeJS.ProcessEnv}
 */
export function isolation(profile) {
  return {
    HOME: profile.folder,
    USERPROFILE: profile.folder,
    LOCALAPPDATA: path.join(profile.folder, 'local'),
    XDG_STATE_HOME: path.join(profile.folder, 'state'),
    LINGMA_SERVICE_BINARY: undefined,
  };
}
