/**
 * What a session was told, from what the demo process recorded, held against what the client said.
 * It reads prompts as a person would and shares nothing with the gateway that wrote them.
 */
import assert from 'node:assert/strict';
import type { DemoRecord } from '../support/headless';
import type { Piece, Spoken } from './recordingsReading';

const HEADING = /^\[(?:System|User|Assistant|Result of [^\]\n]*)\]$/m;
const REMINDER = /<system-reminder>[^]*?<\/system-reminder>/;
/** What a prompt may hold between two things that were said. */
const SCAFFOLD = new RegExp(
  String.raw`^(?:\s+|\((?:For your next message only|The earlier system reminders no longer apply)[^\n]*\)|\[(?:System|User|Assistant|Result of [^\]\n]*)\]\n|(?<reminder>${REMINDER.source}))`,
);
const CALL = /^```json action\n(?<json>[^]*?)\n```/;

export interface WitnessedTurn {
  readonly continued: boolean;
  /** The prompt of this turn alone. */
  readonly prompt: string;
  /** Prompts and answers of the session up to and including this turn's prompt. */
  readonly told: string;
}

/**
 * The asks in the order they arrived.
 * @param answers What was answered to each.
 */
export function witness(
  records: readonly DemoRecord[],
  answers: readonly string[],
): WitnessedTurn[] {
  const created = new Map(
    records.flatMap(({ event, ...record }) =>
      event === 'session-created' ? [[record['requestId'], String(record['sessionId'])]] : [],
    ),
  );
  const held = new Map<string, string>();
  const asks = records.flatMap(({ message }) =>
    message?.method === 'chat/ask' ? [message.params ?? {}] : [],
  );
  return asks.map(({ requestId, sessionId, isReply, questionText }, index) => {
    const continued = isReply === true;
    const id = continued ? String(sessionId) : created.get(requestId);
    assert.ok(id !== undefined, 'an ask without a session');
    const prompt = String(questionText);
    const told = continued ? `${held.get(id) ?? ''}\n${prompt}` : withoutPreamble(prompt);
    held.set(id, `${told}\n${answers[index] ?? ''}`);
    return { continued, prompt, told };
  });
}

/** What comes before the conversation: what to do with it, and which tools there are. */
function withoutPreamble(prompt: string): string {
  const at = HEADING.exec(prompt)?.index ?? 0;
  return prompt.slice(at);
}

/** Fails unless the session was told this conversation, in order, and nothing else but reminders. */
export function assertTold(told: string, conversation: readonly Spoken[]): void {
  const reader = new Reader(told);
  for (const { role, pieces } of conversation) {
    for (const piece of joined(role, pieces)) {
      if (piece.type === 'call') {
        reader.call(piece.name, piece.argumentsJson);
      } else if (role === 'user') {
        for (const text of split(piece.text).said) reader.text(text);
      } else {
        reader.text(piece.text);
      }
    }
  }
  reader.end();
  for (const reminder of remindersOf(conversation)) {
    assert.ok(reader.reminders.has(reminder), `the session was never told ${reminder}`);
  }
}

/** Pieces of one answer are one text, and then its calls. */
function joined(role: Spoken['role'], pieces: readonly Piece[]): readonly Piece[] {
  if (role !== 'assistant') return pieces;
  const text = pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
  return [{ type: 'text', text }, ...pieces.filter(({ type }) => type === 'call')];
}

/** The notes of the client in what users say, in order. */
export function remindersOf(conversation: readonly Spoken[]): string[] {
  return conversation.flatMap(({ role, pieces }) =>
    role === 'user'
      ? pieces.flatMap((piece) => (piece.type === 'text' ? split(piece.text).reminders : []))
      : [],
  );
}

/** A user's text and the notes of the client in it. */
function split(text: string): { said: string[]; reminders: string[] } {
  const all = new RegExp(REMINDER, 'g');
  return { said: text.split(all), reminders: text.match(all) ?? [] };
}

class Reader {
  readonly reminders = new Set<string>();
  #rest: string;

  constructor(told: string) {
    this.#rest = told;
  }

  text(text: string): void {
    const wanted = text.trim();
    if (!wanted) return;
    this.#skipScaffold();
    assert.ok(
      this.#rest.startsWith(wanted),
      `the client said ${short(wanted)}, the session was told ${short(this.#rest)}`,
    );
    this.#rest = this.#rest.slice(wanted.length);
  }

  call(name: string, argumentsJson: string): void {
    this.#skipScaffold();
    const found = CALL.exec(this.#rest);
    assert.ok(found, `the client called ${name}, the session was told ${short(this.#rest)}`);
    assert.deepEqual(JSON.parse(found.groups?.['json'] ?? ''), {
      tool: name,
      parameters: JSON.parse(argumentsJson) as unknown,
    });
    this.#rest = this.#rest.slice(found[0].length);
  }

  end(): void {
    this.#skipScaffold();
    assert.equal(this.#rest, '', 'the session was told more than the client said');
  }

  #skipScaffold(): void {
    for (let found = this.#next(); found; found = this.#next()) {
      const reminder = found.groups?.['reminder'];
      if (reminder !== undefined) this.reminders.add(reminder);
      this.#rest = this.#rest.slice(found[0].length);
    }
  }

  #next(): RegExpExecArray | null {
    return SCAFFOLD.exec(this.#rest);
  }
}

function short(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}
