import { randomUUID } from 'node:crypto';

/** One question and what was answered to it, complete or not. */
export interface Exchange {
  readonly requestId: string;
  readonly question: string;
  readonly answer: string;
  /** SHA-256 of each picture that came with the question, in order. */
  readonly images: readonly string[];
}

/** A conversation the process remembers (protocol §4a.3). Lengths count UTF-16 units. */
export class Session {
  readonly createdAt = Date.now();
  readonly exchanges: Exchange[] = [];
  /** The request that is being answered; a session answers one at a time. */
  running: string | undefined;
  /** The model that `session/set_model` chose; empty when none was. */
  modelKey = '';
  #heldCharacters = 0;

  constructor(
    readonly id: string,
    readonly title: string,
  ) {}

  /** Characters of all earlier questions and answers. */
  get heldCharacters(): number {
    return this.#heldCharacters;
  }

  /** Pictures that came with all earlier questions. */
  get heldImages(): number {
    return this.exchanges.reduce((sum, { images }) => sum + images.length, 0);
  }

  /** Adds a turn to the transcript. */
  add(exchange: Exchange): void {
    this.exchanges.push(exchange);
    this.#heldCharacters += exchange.question.length + exchange.answer.length;
  }
}

/** Why a session could not be opened. */
export type OpenFailure = 'limit' | 'exists';

/** All sessions of the process, up to a limit, oldest first. */
export class SessionStore {
  readonly #sessions = new Map<string, Session>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Opens a session under the client's id, or under one of its own when that is empty. */
  open(id: string, title: string): Session | OpenFailure {
    if (this.#sessions.has(id)) return 'exists';
    if (this.#sessions.size >= this.#limit) return 'limit';
    const session = new Session(id === '' ? randomUUID() : id, title);
    this.#sessions.set(session.id, session);
    return session;
  }

  find(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** True when there was such a session. */
  delete(id: string): boolean {
    return this.#sessions.delete(id);
  }

  all(): Session[] {
    return [...this.#sessions.values()];
  }
}
