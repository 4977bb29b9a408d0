/** What both ways of running a turn have in common. */

/** A scripted answer of the demo, so that both ways make it do the same work. */
export interface Script {
  readonly directive: string;
  readonly answer: string;
}

/** One answer in one delta. */
export const shortAnswer: Script = { directive: 'DEMO:echo Hello.', answer: 'Hello.' };

/** Ten words, one delta each. */
export const tenDeltas: Script = {
  directive: 'DEMO:words 10',
  answer: Array.from({ length: 10 }, (_, index) => `word${index + 1}`).join(' '),
};

/** A turn as its caller saw it. */
export interface TurnTimes {
  /** Until the first text of the answer; for an answer in one piece, until its end. */
  readonly firstMs: number;
  readonly totalMs: number;
}

let prompts = 0;

/** A message nobody has sent before that plays `script`. */
export function promptFor(script: Script): string {
  return `This is message ${++prompts} of the benchmark.\n${script.directive}`;
}

/** Figures about wrong answers are worth nothing, so these end the run. */
export function checkAnswer(script: Script, answer: string): void {
  if (answer !== script.answer) {
    throw new Error(`expected the answer "${script.answer}", got "${answer}"`);
  }
}
