/** Folders that several clients keep their configuration in. */
import { isAbsolute, join } from 'node:path';
import type { Places, Target } from './client';

/** A file below the home folder. */
export function inHome({ home }: Places, ...path: string[]): Target {
  return { kind: 'file', path: join(home, ...path) };
}

/** `$XDG_CONFIG_HOME`, by default `~/.config`. */
export function configFolder({ home, env }: Places): string {
  const named = env['XDG_CONFIG_HOME'];
  return named?.startsWith('/') ? named : join(home, '.config');
}

/** The folder a client takes from a variable, by default one below the home folder. */
export function folderFrom(variable: string, { home, env }: Places, ...path: string[]): string {
  const named = env[variable];
  // A relative one would be another folder for each program that reads it.
  return named !== undefined && isAbsolute(named) ? named : join(home, ...path);
}

/** The first file that is there, else the first one. */
export function firstThere({ exists }: Places, first: string, ...others: string[]): Target {
  return { kind: 'file', path: [first, ...others].find(exists) ?? first };
}
