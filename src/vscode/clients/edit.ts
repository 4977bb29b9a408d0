/**
 * What the editors of configuration files share. Each edits a text so that everything but the
 * values asked for stays byte for byte, and then proves it: the new text, parsed, must be the old
 * one with those values, or nothing is changed.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Localize } from '../localize';

/** Why a file is left alone. */
export type EditProblem =
  /** It cannot be read as what it should be. */
  | { readonly kind: 'syntax'; readonly line: number }
  /** What stands at `where` is of another shape, or written in a way that cannot be edited safely. */
  | { readonly kind: 'shape'; readonly where: string };

export type EditResult =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly problem: EditProblem };

/** A value and its place, as the keys that lead there. */
export interface Entry {
  readonly path: readonly [string, ...string[]];
  readonly value: unknown;
}

export function edited(text: string): EditResult {
  return { ok: true, text };
}

export function syntaxProblem(line: number): EditResult {
  return { ok: false, problem: { kind: 'syntax', line } };
}

export function shapeProblem(where: string): EditResult {
  return { ok: false, problem: { kind: 'shape', where } };
}

/** Runs one edit after the other, each on what the last one left; the first problem ends it. */
export function inTurn(text: string, edits: readonly ((text: string) => EditResult)[]): EditResult {
  let result = edited(text);
  for (const edit of edits) {
    if (!result.ok) return result;
    result = edit(result.text);
  }
  return result;
}

/** The problem in words, with what to do about it. */
export function explainProblem(problem: EditProblem, t: Localize): string {
  return problem.kind === 'syntax'
    ? t('The file cannot be read: line {0} is not valid. Correct it, then try again.', problem.line)
    : t(
        'The file has “{0}” in a form that cannot be changed safely. Add the entries by hand.',
        problem.where,
      );
}

/** The line break a text uses; that of Unix for a text without any. */
export function lineBreakOf(text: string): '\n' | '\r\n' {
  return /\r?\n/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n';
}

/** The text, with a line break behind it unless it is empty or has one. */
export function endingInLineBreak(text: string): string {
  return text === '' || text.endsWith('\n') ? text : text + lineBreakOf(text);
}

/** The number of the line, counted from 1, that holds the character at `offset`. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** The text with `inserted` in place of what stands from `start` to `end`. */
export function splice(text: string, start: number, end: number, inserted: string): string {
  return text.slice(0, start) + inserted + text.slice(end);
}

/** A deep copy of `root` that has the value at its path; objects on the way are made. */
export function withEntry(root: unknown, { path, value }: Entry): unknown {
  const [key, ...rest] = path;
  const object = asObject(root);
  const [next, ...further] = rest;
  return {
    ...object,
    [key]: next === undefined ? value : withEntry(object[key], { path: [next, ...further], value }),
  };
}

/** What stands at the path; undefined when nothing does. */
export function valueAt(root: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((value, key) => asObject(value)[key], root);
}

/** Whether two parsed texts say the same, whatever their objects' prototypes are. */
export function sameData(left: unknown, right: unknown): boolean {
  return isDeepStrictEqual(plain(left), plain(right));
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return new Map(Object.entries(value).map(([key, member]) => [key, plain(member)]));
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Record<string, unknown>)
    : {};
}
