// @ts-check
/**
 * The clients of the conformance run: which packages at which versions, and where their programs
 * lie. Pinned, because a client's next version may send something else, and because npm picks
 * another version under an older Node.js.
 */
import { createHash } from 'node:crypto';

/**
 * One install, in a folder of its own.
 * @typedef {object} ClientPackages
 * @property {string} name
 * @property {string} version Changes whenever `packages` does.
 * @property {Readonly<Record<string, string>>} packages npm packages with their exact versions.
 * @property {readonly string[]} program Path below node_modules of what is run; of libraries, of a
 *   file that shows that they are there.
 */

const target = `${process.platform}-${process.arch}`;

/** The libraries share most of their dependencies, so they live in one folder. */
export const sdkPackages = {
  ai: '6.0.326',
  '@ai-sdk/openai': '3.0.141',
  '@ai-sdk/openai-compatible': '2.0.91',
  '@ai-sdk/anthropic': '3.0.139',
  '@langchain/openai': '1.5.8',
  '@langchain/core': '1.4.0',
};

/** @type {ClientPackages} */
export const sdks = {
  name: 'sdks',
  version: createHash('sha256').update(JSON.stringify(sdkPackages)).digest('hex').slice(0, 12),
  packages: sdkPackages,
  program: ['@langchain', 'openai', 'package.json'],
};

/** The package with the binary alone; the main one is a wrapper that would copy it. */
const claudePackage = `claude-code-${target}`;

/** @type {ClientPackages} */
export const claudeCode = {
  name: 'claude-code',
  version: '2.1.330',
  packages: { [`@anthropic-ai/${claudePackage}`]: '2.1.330' },
  program: ['@anthropic-ai', claudePackage, 'claude'],
};

/** @type {ClientPackages} */
export const codex = {
  name: 'codex',
  version: '0.169.0',
  packages: { '@openai/codex': '0.169.0' },
  program: ['@openai', 'codex', 'bin', 'codex.js'],
};

/** The variant that runs on every x64 processor; the main package would bring two. */
const openCodePackage = `opencode-${target}${process.arch === 'x64' ? '-baseline' : ''}`;

/** @type {ClientPackages} */
export const openCode = {
  name: 'opencode',
  version: '1.18.33',
  packages: { [openCodePackage]: '1.18.33' },
  program: [openCodePackage, 'bin', 'opencode'],
};

/**
 * The newest that runs under Node 20.
 * @type {ClientPackages}
 */
export const qwenCode = {
  name: 'qwen-code',
  version: '0.15.10',
  packages: { '@qwen-code/qwen-code': '0.15.10' },
  program: ['@qwen-code', 'qwen-code', 'cli.js'],
};

export const allClients = [sdks, claudeCode, codex, openCode, qwenCode];
