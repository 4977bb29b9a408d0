/** What Markdown's fenced code blocks make of a place in a streamed text. */

/** A fence this long quotes other fences. */
const QUOTING = 4;
/** More spaces in front make a line of backticks an indented code block. */
const MAX_INDENT = 3;

/** Follows a text that is given out piece by piece; costs a look at the beginning of each line. */
export class FenceTracker {
  /** Where in its line the text stands; `rest` is behind what could be a fence. */
  #phase: 'indent' | 'run' | 'info' | 'rest' = 'indent';
  #indent = 0;
  #run = 0;
  #infoIsBlank = true;
  #infoIsOneWord = true;
  /** Length of the open fence that quotes others; 0 outside of one. */
  #quoting = 0;
  #isInRun = false;

  /** Whether the text is inside a fence of four or more backticks. */
  get isQuoting(): boolean {
    return this.#quoting > 0;
  }

  /** Whether the line has held nothing yet that would keep a fence from beginning here. */
  get isAtLineStart(): boolean {
    return this.#phase === 'indent';
  }

  /** Whether the last character was a backtick. */
  get isInRun(): boolean {
    return this.#isInRun;
  }

  /** Whether the line is a fence of three backticks and at most one word so far. */
  get isInInfo(): boolean {
    const isFence = this.#phase === 'run' || this.#phase === 'info';
    return isFence && this.#run === 3 && this.#infoIsOneWord && !this.isQuoting;
  }

  /** Takes the next piece of the text. */
  see(text: string): void {
    if (!text) return;
    for (let at = 0; at < text.length; at++) {
      if (this.#phase === 'rest') {
        at = text.indexOf('\n', at);
        if (at < 0) break;
      }
      this.#take(text.charAt(at));
    }
    this.#isInRun = text.endsWith('`');
  }

  #take(character: string): void {
    if (character === '\n') {
      this.#endLine();
    } else if (this.#phase === 'indent') {
      if (character === '`') {
        this.#phase = 'run';
        this.#run = 1;
      } else if (character !== ' ' || ++this.#indent > MAX_INDENT) {
        this.#phase = 'rest';
      }
    } else if (this.#phase === 'run' && character === '`') {
      this.#run++;
    } else if (character === '`') {
      // The info string of a fence holds no backtick: this is code within a line.
      this.#phase = 'rest';
    } else {
      this.#phase = 'info';
      const isBlank = /\s/.test(character);
      this.#infoIsBlank &&= isBlank;
      this.#infoIsOneWord &&= !isBlank && character !== '|';
    }
  }

  #endLine(): void {
    const isFence = this.#phase === 'run' || this.#phase === 'info';
    if (isFence && this.#run >= QUOTING) {
      if (this.#quoting === 0) this.#quoting = this.#run;
      else if (this.#infoIsBlank && this.#run >= this.#quoting) this.#quoting = 0;
    }
    this.#phase = 'indent';
    this.#indent = 0;
    this.#run = 0;
    this.#infoIsBlank = true;
    this.#infoIsOneWord = true;
  }
}
