/**
 * Reads what the demo processes recorded and says what each session held when. It sees what
 * arrived and shares nothing with the gateway that sent it.
 */
import * as v from 'valibot';
import type { DemoRecord } from '../../support/headless';
import { pictureMark, readTokens, replyToken, scriptedAnswer } from './tokens';

const askParams = v.object({
  requestId: v.string(),
  sessionId: v.string(),
  questionText: v.string(),
  isReply: v.boolean(),
  chatContext: v.object({ imageUrls: v.optional(v.array(v.string()), []) }),
  extra: v.object({ modelConfig: v.object({ key: v.string() }) }),
});

/** One `chat/ask` as its process understood it. */
export interface RecordedAsk {
  readonly isReply: boolean;
  readonly model: string;
  /** Process and id of the session it ran on. */
  readonly session: string;
  /** Tokens the session held when it arrived, followed by those it brought. */
  readonly received: readonly string[];
}

interface RecordedSession {
  readonly key: string;
  readonly model: string;
  readonly tokens: string[];
  turns: number;
  /** Pictures it was sent; their numbers go on from turn to turn. */
  pictures: number;
  /** Whether a turn is running. */
  busy: boolean;
}

interface PendingAsk {
  readonly ask: v.InferOutput<typeof askParams>;
  readonly session: RecordedSession;
  /** Tokens of the answer, if it is a complete one. */
  readonly answer: readonly string[];
  readonly recorded: RecordedAsk;
}

export class RecordReader {
  /**
   * The answered asks by the first token of their answer. Only chats that are told to say the same
   * share one; their asks stand in order, and they ask one after the other.
   */
  readonly answered = new Map<string, RecordedAsk[]>();
  readonly violations: string[] = [];
  /** Sessions by process and id. */
  readonly #sessions = new Map<string, RecordedSession>();
  /** New conversations whose session has no id yet. */
  readonly #opening = new Map<string, v.InferOutput<typeof askParams>>();
  readonly #pending = new Map<string, PendingAsk>();
  /** SHA-256 of the uploaded pictures, by the addresses they were given. */
  readonly #pictures = new Map<string, string>();

  constructor(records: readonly DemoRecord[]) {
    for (const record of records) this.#read(record);
  }

  /** Sessions the given processes hold, and how many of them are in mid-turn. */
  heldBy(pids: ReadonlySet<number>): { held: number; busy: number } {
    const sessions = [...this.#sessions]
      .filter(([key]) => pids.has(Number(key.split('/')[0])))
      .map(([, session]) => session);
    return { held: sessions.length, busy: sessions.filter(({ busy }) => busy).length };
  }

  #read(record: DemoRecord): void {
    if (record.message?.method === 'chat/ask') {
      this.#asked(record.pid, v.parse(askParams, record.message.params));
      return;
    }
    const key = `${record.pid}/${String(record['sessionId'])}`;
    const requestId = String(record['requestId']);
    switch (record.event) {
      case 'image-uploaded':
        this.#pictures.set(String(record['imageUrl']), String(record['sha256']));
        return;
      case 'session-created':
        this.#opened(key, requestId);
        return;
      case 'session-deleted':
        this.#sessions.delete(key);
        return;
      case 'turn-finished':
        this.#finished(requestId, record['outcome'] === 'finished' && record['statusCode'] === 200);
        return;
      case 'turn-refused':
      case 'problem':
        this.violations.push(JSON.stringify(record));
        return;
      default:
        return;
    }
  }

  #asked(pid: number, ask: v.InferOutput<typeof askParams>): void {
    if (!ask.isReply) {
      this.#opening.set(ask.requestId, ask);
      return;
    }
    const session = this.#sessions.get(`${pid}/${ask.sessionId}`);
    if (!session) this.violations.push(`an ask for ${ask.sessionId}, which process ${pid} lacks`);
    else if (session.busy) this.violations.push(`an ask on ${ask.sessionId} in mid-turn`);
    else this.#began(ask, ask.sessionId, session);
  }

  #opened(key: string, requestId: string): void {
    const ask = this.#opening.get(requestId);
    this.#opening.delete(requestId);
    if (!ask) return;
    const { key: model } = ask.extra.modelConfig;
    const session: RecordedSession = { key, model, tokens: [], turns: 0, pictures: 0, busy: false };
    this.#sessions.set(key, session);
    this.#began(ask, key.slice(key.indexOf('/') + 1), session);
  }

  #began(ask: v.InferOutput<typeof askParams>, sessionId: string, session: RecordedSession): void {
    const { isReply, questionText, requestId } = ask;
    const { key: model } = ask.extra.modelConfig;
    if (model !== session.model) this.violations.push(`${sessionId} continued with ${model}`);
    session.busy = true;
    session.turns++;
    session.tokens.push(...readTokens(this.#withPictures(ask, session.pictures)));
    session.pictures += ask.chatContext.imageUrls.length;
    const scripted = scriptedAnswer(questionText);
    const answer =
      scripted === undefined ? [replyToken(sessionId, session.turns)] : readTokens(scripted);
    const recorded = { isReply, model, session: session.key, received: [...session.tokens] };
    this.#pending.set(requestId, { ask, session, answer, recorded });
  }

  /**
   * A prompt with the pictures that came along where it speaks of them.
   * @param held Pictures the session was sent before.
   */
  #withPictures(ask: v.InferOutput<typeof askParams>, held: number): string {
    const { requestId, questionText, chatContext } = ask;
    const { imageUrls } = chatContext;
    let shown = 0;
    const text = questionText.replace(/\[Image (\d+)\]/g, (_, number: string) => {
      shown++;
      return pictureMark(
        this.#pictures.get(imageUrls[Number(number) - 1 - held] ?? '') ?? 'unknown',
      );
    });
    if (shown !== imageUrls.length) {
      const count = `${imageUrls.length} pictures, ${shown} places`;
      this.violations.push(`${requestId} came with ${count} for them`);
    }
    return text;
  }

  #finished(requestId: string, complete: boolean): void {
    const pending = this.#pending.get(requestId);
    this.#pending.delete(requestId);
    if (!pending) return;
    const { session, answer, recorded } = pending;
    session.busy = false;
    // No conversation has this token: a session with half an answer is faithful to none.
    session.tokens.push(...(complete ? answer : ['half an answer']));
    if (!complete) return;
    const [token = ''] = answer;
    this.answered.set(token, [...(this.answered.get(token) ?? []), recorded]);
  }
}
