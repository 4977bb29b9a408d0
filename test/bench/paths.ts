/** Where things are, and what child processes see. */
import path from 'node:path';

export const benchFolder = __dirname;
export const projectFolder = path.resolve(__dirname, '..', '..');
export const distFolder = path.join(projectFolder, 'dist');

/** The environment without what would change the programs that are measured. */
export function plainEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => name !== 'NODE_OPTIONS' && !/^(DEMO_LINGMA|LINGMA)_/.test(name),
    ),
  );
}
