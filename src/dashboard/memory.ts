/**
 * What the page remembers while it is hidden, since a hidden page does not exist. VS Code keeps it
 * on disk with the window: texts of conversations are therefore never part of it.
 */
import type { ReceivedActivity } from './model';
import type { HostState } from './protocol';

/** A change of shape needs another number: what an older version left behind is then dropped. */
const schema = 2;
const saveMs = 500;
/** Enough for what is seen first; the rest comes with the next message. */
const keptRows = 40;

interface Remembered {
  readonly schema: typeof schema;
  readonly state?: HostState;
  readonly activity?: ReceivedActivity;
  /** Sections and rows whose open state differs from how they begin. */
  readonly toggled: readonly string[];
  readonly scroll: number;
}

export interface Store {
  getState(): unknown;
  setState(state: Remembered): void;
}

export class Memory {
  readonly #store: Store;
  #now: Remembered;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#now = parse(store.getState()) ?? { schema, toggled: [], scroll: 0 };
  }

  get state(): HostState | undefined {
    return this.#now.state;
  }

  get activity(): ReceivedActivity | undefined {
    return this.#now.activity;
  }

  /** Pixels from the top. */
  get scroll(): number {
    return this.#now.scroll;
  }

  isToggled(key: string): boolean {
    return this.#now.toggled.includes(key);
  }

  toggle(key: string): void {
    const { toggled } = this.#now;
    this.#change({
      toggled: toggled.includes(key) ? toggled.filter((name) => name !== key) : [...toggled, key],
    });
  }

  keepScroll(scroll: number): void {
    this.#change({ scroll });
  }

  keepModel(state: HostState | undefined, activity: ReceivedActivity | undefined): void {
    const { toggled } = this.#now;
    const value = activity && {
      ...activity.value,
      sessions: activity.value.sessions.slice(0, keptRows),
      requests: activity.value.requests.slice(0, keptRows),
    };
    this.#now = {
      schema,
      scroll: this.#now.scroll,
      // Requests come and go by the thousand: only those that are still shown are worth a key.
      toggled: value
        ? toggled.filter(
            (key) =>
              !key.startsWith(requestKeyPrefix) ||
              value.requests.some(({ id }) => requestKey(id) === key),
          )
        : toggled,
      ...(state && { state }),
      ...(activity && value && { activity: { atMs: activity.atMs, value } }),
    };
    this.#save();
  }

  #change(change: Partial<Remembered>): void {
    this.#now = { ...this.#now, ...change };
    this.#save();
  }

  #save(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#store.setState(this.#now);
    }, saveMs);
  }
}

const requestKeyPrefix = 'request:';

/** The key under which a request's row is remembered as open. */
export function requestKey(id: string): string {
  return `${requestKeyPrefix}${id}`;
}

function parse(value: unknown): Remembered | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  return 'schema' in value && value.schema === schema ? (value as Remembered) : undefined;
}
