/**
 * Looks for any of several sequences at once, character by character. However many there are and
 * however alike, a character costs the same (Aho–Corasick).
 */

/** What the text so far ends with: a beginning of one or more sequences. */
interface State {
  readonly character: number;
  /** Characters of the beginning. */
  readonly length: number;
  /** States that are one character longer: the first of them, and the next one beside this. */
  child: State | undefined;
  sibling: State | undefined;
  /** The longest shorter beginning that the text ends with as well; undefined for none at all. */
  shorter: State | undefined;
  /** The longest sequence that is complete here. */
  complete: string | undefined;
}

export class StopMatcher {
  readonly #root = newState(0, 0);
  #state = this.#root;

  /** @param sequences None of them empty. */
  constructor(sequences: readonly string[]) {
    for (const sequence of sequences) this.#add(sequence);
    this.#link();
  }

  /** How many characters at the end of the text so far may begin a sequence; at most that many do. */
  get matched(): number {
    return this.#state.length;
  }

  reset(): void {
    this.#state = this.#root;
  }

  /** Takes the next character (UTF-16 unit); the longest sequence that it completes, if any. */
  next(character: number): string | undefined {
    this.#state = step(this.#state, character) ?? this.#root;
    return this.#state.complete;
  }

  #add(sequence: string): void {
    let state = this.#root;
    for (let index = 0; index < sequence.length; index++) {
      const character = sequence.charCodeAt(index);
      let next = childOf(state, character);
      if (!next) {
        next = newState(character, index + 1);
        next.sibling = state.child;
        state.child = next;
      }
      state = next;
    }
    state.complete = sequence;
  }

  /** Shorter states first, because what a longer one falls back to is one of them. */
  #link(): void {
    const states = [this.#root];
    for (const state of states) {
      for (let child = state.child; child; child = child.sibling) {
        child.shorter = state.shorter ? step(state.shorter, child.character) : undefined;
        child.shorter ??= this.#root;
        child.complete ??= child.shorter.complete;
        states.push(child);
      }
    }
  }
}

function newState(character: number, length: number): State {
  return {
    character,
    length,
    child: undefined,
    sibling: undefined,
    shorter: undefined,
    complete: undefined,
  };
}

/** The longest state that the text ends with after one more character. */
function step(from: State, character: number): State | undefined {
  for (let state: State | undefined = from; state; state = state.shorter) {
    const next = childOf(state, character);
    if (next) return next;
  }
  return undefined;
}

function childOf(state: State, character: number): State | undefined {
  let child = state.child;
  while (child && child.character !== character) child = child.sibling;
  return child;
}
