/** What is fuzzed: a reader of foreign text, what it must hold to, and what to begin with. */
import type { Random } from '../bench/reuse/random';

/** A whole input of any length: `unit` again and again, then `middle`, and `close` as often. */
export interface Repeat {
  readonly head: string;
  readonly unit: string;
  readonly middle?: string;
  readonly close?: string;
  readonly tail: string;
}

export interface Target {
  readonly name: string;
  /** Any text, text of which each character stands for one byte, or JSON, changed as a value too. */
  readonly kind: 'text' | 'bytes' | 'json';
  /** Inputs to begin with. */
  readonly seeds: readonly string[];
  /** What the format consists of. */
  readonly words: readonly string[];
  /** What inputs are made long with, where a mere repetition would be refused at once. */
  readonly repeats?: readonly Repeat[];
  /**
   * Reads the pieces of one input and gives what came of it, which must not depend on how the input
   * was cut. Throws for what must never happen.
   */
  read(pieces: readonly string[]): unknown;
  /** Characters an input may have, where each costs much; 16 Ki otherwise. */
  readonly longest?: number;
  /** True where inputs come in one piece always. */
  readonly isWhole?: boolean;
  /** Throws when `result` is not what `input` means. */
  judge?(input: string, result: unknown, random: Random): void;
}
