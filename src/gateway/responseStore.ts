/**
 * Responses kept in memory, so that clients may go on from them by id. Each is kept apart for its
 * client; what two of them share (a conversation that goes on) is held, and counted, once.
 */
import type { Clock } from '../base/clock';
import type {
  NewResponse,
  ResponseMemory,
  StoredItem,
  StoredResponse,
} from '../wire/openaiStoredResponses';

export interface ResponseStoreLimits {
  readonly maxResponses: number;
  /** Of JSON text, over all responses. */
  readonly maxBytes: number;
  /** Milliseconds after its last use at which a response is forgotten. */
  readonly ttlMs: number;
}

export const RESPONSE_STORE_LIMITS: ResponseStoreLimits = {
  maxResponses: 1_000,
  maxBytes: 64 * 1024 * 1024,
  ttlMs: 24 * 60 * 60 * 1_000,
};

/** One response's own share of a conversation. */
interface Node {
  readonly response: NewResponse;
  readonly parent: Node | undefined;
  readonly bytes: number;
  /** Bytes of the whole conversation up to here. */
  readonly allBytes: number;
  /** Who needs it: its own entry, and the nodes that go on from it. */
  holders: number;
}

interface Entry {
  readonly scope: string;
  readonly node: Node;
  usedAtMs: number;
}

/** An entry that holds an item, and what it says there. */
interface Holding {
  readonly entry: Entry;
  readonly item: StoredItem;
}

export class ResponseStore {
  readonly #limits: ResponseStoreLimits;
  readonly #clock: Clock;
  /** By scope and id, the one used longest ago first. */
  readonly #entries = new Map<string, Entry>();
  /** The entries that hold an item, the newest last, by scope and the item's id. */
  readonly #items = new Map<string, Holding[]>();
  /** Conversations that were handed out, so that what goes on from them finds its place. */
  readonly #handedOut = new WeakMap<StoredResponse, Node>();
  #bytes = 0;

  constructor(clock: Clock, limits: ResponseStoreLimits = RESPONSE_STORE_LIMITS) {
    this.#clock = clock;
    this.#limits = limits;
  }

  get size(): number {
    return this.#entries.size;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** What is kept for one client. @param scope Digest of its key. */
  of(scope: string): ResponseMemory {
    return {
      find: (id) => {
        const entry = this.#use(keyOf(scope, id));
        return entry && this.#handOut(entry.node);
      },
      findItem: (id) => this.#findItem(scope, id),
      keep: (response) => {
        this.#keep(scope, response);
      },
      forget: (id) => {
        const entry = this.#use(keyOf(scope, id));
        if (entry) this.#drop(entry);
        return entry !== undefined;
      },
    };
  }

  /** Forgets everything of one client. */
  forgetAll(scope: string): void {
    for (const entry of this.#entries.values()) {
      if (entry.scope === scope) this.#drop(entry);
    }
  }

  #keep(scope: string, response: NewResponse): void {
    const parent = response.previous && this.#handedOut.get(response.previous);
    const { id, body, input, output } = response;
    const bytes = Buffer.byteLength(JSON.stringify([body, input]));
    const allBytes = bytes + (parent?.allBytes ?? 0);
    // It would push out everything else and then itself.
    if (allBytes > this.#limits.maxBytes || this.#limits.maxResponses < 1) return;
    const node: Node = {
      response: { id, body, input, output, previous: undefined },
      parent,
      bytes,
      allBytes,
      holders: 0,
    };
    const entry: Entry = { scope, node, usedAtMs: this.#clock.continuousMs() };
    this.#entries.set(keyOf(scope, id), entry);
    for (const item of [...input, ...output]) this.#addHolding(keyOf(scope, item.id), entry, item);
    this.#hold(node);
    this.#makeRoom();
  }

  /** The item as the newest response that holds it has it; with that, the response was used. */
  #findItem(scope: string, id: string): StoredItem | undefined {
    const key = keyOf(scope, id);
    for (;;) {
      const newest = this.#items.get(key)?.at(-1);
      if (!newest) return undefined;
      // One whose time is over is dropped by this, and with it what it holds.
      if (this.#use(keyOf(scope, newest.entry.node.response.id))) return newest.item;
    }
  }

  #addHolding(key: string, entry: Entry, item: StoredItem): void {
    const holdings = this.#items.get(key) ?? [];
    // Said twice in one request: what comes last counts.
    if (holdings.at(-1)?.entry === entry) holdings.pop();
    holdings.push({ entry, item });
    this.#items.set(key, holdings);
  }

  #dropHolding(key: string, entry: Entry): void {
    const holdings = this.#items.get(key);
    const index = holdings?.findIndex((holding) => holding.entry === entry) ?? -1;
    if (index < 0) return;
    holdings?.splice(index, 1);
    if (holdings?.length === 0) this.#items.delete(key);
  }

  /** The entry, now the one used last; undefined when there is none, or its time is over. */
  #use(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    if (!entry) return undefined;
    const nowMs = this.#clock.continuousMs();
    if (nowMs - entry.usedAtMs > this.#limits.ttlMs) {
      this.#drop(entry);
      return undefined;
    }
    entry.usedAtMs = nowMs;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  #makeRoom(): void {
    const { maxResponses, maxBytes, ttlMs } = this.#limits;
    const nowMs = this.#clock.continuousMs();
    for (const entry of this.#entries.values()) {
      const tooMany = this.#entries.size > maxResponses || this.#bytes > maxBytes;
      if (!tooMany && nowMs - entry.usedAtMs <= ttlMs) return;
      this.#drop(entry);
    }
  }

  #drop(entry: Entry): void {
    const { scope, node } = entry;
    this.#entries.delete(keyOf(scope, node.response.id));
    for (const { id } of [...node.response.input, ...node.response.output]) {
      this.#dropHolding(keyOf(scope, id), entry);
    }
    this.#release(node);
  }

  /** Counts a node, and with it all it goes on from, unless they are counted already. */
  #hold(node: Node): void {
    for (let at: Node | undefined = node; at; at = at.parent) {
      if (at.holders++ > 0) return;
      this.#bytes += at.bytes;
    }
  }

  #release(node: Node): void {
    for (let at: Node | undefined = node; at; at = at.parent) {
      if (--at.holders > 0) return;
      this.#bytes -= at.bytes;
    }
  }

  #handOut(node: Node): StoredResponse {
    const line: Node[] = [];
    for (let at = node.parent; at; at = at.parent) line.unshift(at);
    const { id, body, input, output } = node.response;
    const earlier = line.flatMap(({ response }) => [...response.input, ...response.output]);
    const handedOut = { id, body, input: [...earlier, ...input], output };
    this.#handedOut.set(handedOut, node);
    return handedOut;
  }
}

function keyOf(scope: string, id: string): string {
  return `${scope} ${id}`;
}
