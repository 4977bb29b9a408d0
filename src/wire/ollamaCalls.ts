/** Which call of Ollama's dialect a result answers. */

/** A call as far as results speak of it. */
interface WireCall {
  readonly id?: string | null | undefined;
  readonly function: { readonly name: string };
}

export interface AnsweredCall {
  readonly name: string;
  readonly callIndex: number;
}

/**
 * The calls of one message that no result has answered yet. Results come in the order of the calls,
 * mostly with the name of the tool and sometimes with the id of the call.
 */
export class OpenCalls {
  readonly #calls: readonly WireCall[];
  readonly #answered = new Set<number>();
  /** Places of calls, the first one last. Those answered in another way are still among them. */
  readonly #all: number[] = [];
  readonly #byId = new Map<string, number[]>();
  readonly #byName = new Map<string, number[]>();

  constructor(calls: readonly WireCall[]) {
    this.#calls = calls;
    for (let index = calls.length - 1; index >= 0; index--) {
      const call = calls[index];
      if (!call) continue;
      this.#all.push(index);
      addTo(this.#byName, call.function.name, index);
      if (call.id) addTo(this.#byId, call.id, index);
    }
  }

  /**
   * Takes out the first call with this id; else the first one of this tool, or of any if there is
   * no name. Undefined when there is none.
   */
  take(id: string, name: string): AnsweredCall | undefined {
    const callIndex =
      this.#first(this.#byId.get(id)) ??
      this.#first(name === '' ? this.#all : this.#byName.get(name));
    const call = callIndex === undefined ? undefined : this.#calls[callIndex];
    if (callIndex === undefined || !call) return undefined;
    this.#answered.add(callIndex);
    return { name: call.function.name, callIndex };
  }

  #first(places: number[] | undefined): number | undefined {
    while (places && this.#answered.has(places.at(-1) ?? -1)) places.pop();
    return places?.at(-1);
  }
}

function addTo(index: Map<string, number[]>, key: string, place: number): void {
  const places = index.get(key);
  if (places) places.push(place);
  else index.set(key, [place]);
}
