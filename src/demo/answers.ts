import { readFileSync } from 'node:fs';
import { isObject } from './jsonRpc';
import { UsageError } from './knobs';

/** One answer of the `answers` knob; it is given once. */
export interface PreparedAnswer {
  /** What the prompt must hold somewhere; absent when any prompt will do. */
  readonly match?: string;
  readonly answer: string;
}

/** The answers a process was given beforehand, for prompts without directives. */
export class AnswerBook {
  readonly #left: PreparedAnswer[];

  constructor(answers: readonly PreparedAnswer[]) {
    this.#left = [...answers];
  }

  /** The first answer left that fits the prompt, which is used up by that; undefined when none. */
  take(prompt: string): string | undefined {
    const at = this.#left.findIndex(({ match }) => match === undefined || prompt.includes(match));
    return at < 0 ? undefined : this.#left.splice(at, 1)[0]?.answer;
  }
}

/**
 * Reads the file of the `answers` knob: a JSON list of texts and `{match, answer}` objects. Throws
 * {@link UsageError} naming what is wrong with it.
 */
export function readAnswers(file: string): PreparedAnswer[] {
  let list: unknown;
  try {
    list = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`answers ${file}: ${String(error)}`);
  }
  if (!Array.isArray(list)) throw new UsageError(`answers ${file}: expected a JSON list`);
  return list.map((item: unknown, index) => {
    const answer = readAnswer(item);
    if (answer !== undefined) return answer;
    throw new UsageError(
      `answers ${file}: [${index}] must be a text or {"match": text, "answer": text}`,
    );
  });
}

function readAnswer(item: unknown): PreparedAnswer | undefined {
  if (typeof item === 'string') return { answer: item };
  if (!isObject(item)) return undefined;
  const { match, answer, ...unknown } = item;
  if (typeof answer !== 'string' || Object.keys(unknown).length > 0) return undefined;
  if (match === undefined) return { answer };
  return typeof match === 'string' ? { match, answer } : undefined;
}
