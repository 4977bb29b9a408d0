/**
 * What the demo processes recorded, held against what the clients said: whichever session a turn ran
 * on, it must have held that client's conversation and nothing else. It reads on where it stopped,
 * so that a long run can be judged while it goes on.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { parseRecord } from '../support/demoRecords';
import type { DemoRecord } from '../support/headless';
import { readTokens, scriptedAnswer } from '../bench/reuse/tokens';

interface Session {
  /** Tokens of everything the session was told and has answered, in order. */
  held: string;
  running: string | undefined;
}

interface PendingTurn {
  readonly session: Session;
  readonly answer: readonly string[];
}

export class Witness {
  readonly #file: string;
  /** By the first token of the answer: the tokens of the conversation that asks for it. */
  readonly #expected = new Map<string, string>();
  readonly #answered = new Set<string>();
  readonly #claimed = new Set<string>();
  /** By process and id. */
  readonly #sessions = new Map<string, Session>();
  /** Prompts of new conversations whose session has no id yet, by request. */
  readonly #opening = new Map<string, string>();
  readonly #pending = new Map<string, PendingTurn>();
  readonly #violations: string[] = [];
  readonly #pids = new Set<number>();
  #offset = 0;
  #rest = '';

  constructor(file: string) {
    this.#file = file;
  }

  /** Every process that has recorded anything. */
  get pids(): readonly number[] {
    return [...this.#pids];
  }

  /** A client is about to send this conversation, which asks for an answer that begins with `answer`. */
  expect(answer: string, conversation: readonly string[]): void {
    this.#expected.set(answer, conversation.join(' '));
  }

  /** A client has got that answer, whole. */
  claim(answer: string): void {
    this.#claimed.add(answer);
  }

  /** Reads what has been recorded since; gives everything that was ever wrong. */
  violations(): readonly string[] {
    for (const record of this.#readOn()) this.#see(record);
    const unseen = [...this.#claimed].filter((answer) => !this.#answered.has(answer));
    for (const answer of unseen) this.#violations.push(`no process gave the answer ${answer}`);
    this.#claimed.clear();
    return this.#violations;
  }

  #readOn(): DemoRecord[] {
    if (!existsSync(this.#file)) return [];
    const handle = openSync(this.#file, 'r');
    try {
      const bytes = Buffer.alloc(fstatSync(handle).size - this.#offset);
      this.#offset += readSync(handle, bytes, 0, bytes.length, this.#offset);
      // Each record is one write of whole lines, so no character is ever cut in two.
      const lines = (this.#rest + bytes.toString('utf8')).split('\n');
      this.#rest = lines.pop() ?? '';
      return lines.map(parseRecord);
    } finally {
      closeSync(handle);
    }
  }

  #see(record: DemoRecord): void {
    const { pid, message, event } = record;
    this.#pids.add(pid);
    const key = `${pid}/${String(record['sessionId'])}`;
    const requestId = String(record['requestId']);
    if (message?.method === 'chat/ask') {
      this.#asked(pid, message.params ?? {});
    } else if (event === 'session-created') {
      const prompt = this.#opening.get(requestId);
      this.#opening.delete(requestId);
      const session: Session = { held: '', running: undefined };
      this.#sessions.set(key, session);
      if (prompt !== undefined) this.#began(requestId, session, prompt);
    } else if (event === 'session-deleted') {
      this.#sessions.delete(key);
    } else if (event === 'turn-finished') {
      const complete = record['outcome'] === 'finished' && record['statusCode'] === 200;
      this.#finished(requestId, complete);
    }
  }

  #asked(pid: number, params: Readonly<Record<string, unknown>>): void {
    const requestId = String(params['requestId']);
    const prompt = String(params['questionText']);
    if (params['isReply'] !== true) {
      this.#opening.set(requestId, prompt);
      return;
    }
    const session = this.#sessions.get(`${pid}/${String(params['sessionId'])}`);
    // The process refuses an ask for a session it does not hold, and the gateway sees to that.
    if (session) this.#began(requestId, session, prompt);
  }

  #began(requestId: string, session: Session, prompt: string): void {
    const answer = readTokens(scriptedAnswer(prompt) ?? '');
    if (session.running !== undefined) {
      this.#violations.push(`asked for ${answer[0]} on a session that was busy`);
    }
    session.running = requestId;
    session.held = joined(session.held, readTokens(prompt));
    const expected = this.#expected.get(answer[0] ?? '');
    if (session.held !== expected) {
      this.#violations.push(
        `asked for ${answer[0]} on a session with [${session.held}], not [${expected}]`,
      );
    }
    this.#pending.set(requestId, { session, answer });
  }

  #finished(requestId: string, complete: boolean): void {
    const pending = this.#pending.get(requestId);
    this.#pending.delete(requestId);
    if (!pending) return;
    const { session, answer } = pending;
    session.running = undefined;
    // No conversation has this token: a session with half an answer is faithful to none.
    session.held = joined(session.held, complete ? answer : ['half-an-answer']);
    if (complete && answer[0] !== undefined) this.#answered.add(answer[0]);
  }
}

function joined(held: string, tokens: readonly string[]): string {
  return [held, ...tokens].filter(Boolean).join(' ');
}
