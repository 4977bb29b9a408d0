/** The gateways ours is compared with, as models on a model of the upstream. */
import { setImmediate as breathe } from 'node:timers/promises';
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionMessageParam,
  ChatCompletionTool,
} from 'openai/resources/chat/completions';
import { splitAnswer } from '../../../src/conversation/toolCalls/splitter';
import { buildKey, hashBranchContext } from '../../../src/session/key';
import type { Exchange, Gateway, Judgement, Reply, Turn, Verdict } from './gateway';
import { readTokens, sameTokens, scriptedAnswer, tokensOf } from './tokens';

/** How a gateway finds and keeps sessions. */
export interface Scheme {
  /** The session to continue with the last message alone. */
  find(turn: Turn): string | undefined;
  keep(turn: Turn, answer: ChatCompletionAssistantMessageParam, sessionId: string): void;
}

/** Every turn is a new session. */
export const stateless: Scheme = { find: () => undefined, keep: () => undefined };

/**
 * The seed's cache (session_cache.txt): looked up under `messages[:-1]`, stored under `messages`,
 * least recently used out first. Its age limit plays no part in runs this short.
 */
export class SeedScheme implements Scheme {
  static readonly #max = 256;
  readonly #sessions = new Map<string, string>();
  readonly #branch: boolean;

  /** @param branch Whether the key also covers the answers, the new one included when stored. */
  constructor(branch: boolean) {
    this.#branch = branch;
  }

  find({ caller, messages, tools }: Turn): string | undefined {
    // The seed gives every turn with tools a new session.
    if (tools.length > 0) return undefined;
    const before = messages.slice(0, -1);
    const key = this.#key(caller, before, before);
    const sessionId = this.#sessions.get(key);
    if (sessionId !== undefined) this.#touch(key, sessionId);
    return sessionId;
  }

  keep(
    { caller, messages, tools }: Turn,
    answer: ChatCompletionAssistantMessageParam,
    sessionId: string,
  ): void {
    if (tools.length > 0) return;
    this.#touch(this.#key(caller, messages, [...messages, answer]), sessionId);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > SeedScheme.#max && oldest !== undefined) {
      this.#sessions.delete(oldest);
    }
  }

  #touch(key: string, sessionId: string): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, sessionId);
  }

  #key(
    caller: string | undefined,
    messages: readonly ChatCompletionMessageParam[],
    branch: readonly ChatCompletionMessageParam[],
  ): string {
    return buildKey(caller ?? 'bench', messages, {
      branchContext: this.#branch ? hashBranchContext(branch) : undefined,
    });
  }
}

interface ModelSession {
  readonly id: string;
  readonly tokens: string[];
  turns: number;
}

/** A gateway with a given scheme. Turns that run at once on one session mix in it. */
export class ModelGateway implements Gateway {
  readonly #scheme: Scheme;
  readonly #sessions = new Map<string, ModelSession>();
  readonly #verdicts = new Map<Reply, Verdict>();

  constructor(scheme: Scheme) {
    this.#scheme = scheme;
  }

  async send(turn: Turn): Promise<Reply> {
    const found = this.#scheme.find(turn);
    const session = this.#sessions.get(found ?? '') ?? this.#open();
    const sent = found === undefined ? turn.messages : turn.messages.slice(-1);
    const prompt = sent.at(-1)?.content;
    const script = typeof prompt === 'string' ? scriptedAnswer(prompt) : undefined;
    const answer = script ?? ownReply(session.id, ++session.turns);
    session.tokens.push(...tokensOf(sent));
    const received = [...session.tokens];
    await breathe();
    session.tokens.push(...readTokens(answer));
    const message = asMessage(answer, turn.tools);
    this.#scheme.keep(turn, message, session.id);
    const reply: Reply = { message, instance: '', placement: '' };
    const faithful = sameTokens(received, tokensOf(turn.messages));
    this.#verdicts.set(reply, { faithful, reused: found !== undefined, received });
    return reply;
  }

  judge(exchanges: readonly Exchange[]): Promise<Judgement> {
    const verdicts = exchanges.flatMap(({ reply }) => this.#verdicts.get(reply) ?? []);
    return Promise.resolve({ verdicts, violations: [] });
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  #open(): ModelSession {
    const id = this.#sessions.size.toString(16).padStart(8, '0');
    const session: ModelSession = { id, tokens: [], turns: 0 };
    this.#sessions.set(id, session);
    return session;
  }
}

/** Like the demo's, and with white space around it as models leave it. */
function ownReply(sessionId: string, turn: number): string {
  return `\nThis is a model of a reply.\n\nTurn ${turn} of session ${sessionId}.\n`;
}

function asMessage(
  answer: string,
  tools: readonly ChatCompletionTool[],
): ChatCompletionAssistantMessageParam {
  const callable = tools.flatMap((tool): [string, unknown][] =>
    tool.type === 'function' ? [[tool.function.name, tool.function.parameters]] : [],
  );
  const pieces = splitAnswer(answer, new Map(callable));
  const content = pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
  const calls = pieces.flatMap((piece, index) => {
    if (piece.type === 'text') return [];
    const call = { name: piece.name, arguments: piece.argumentsJson };
    return [{ id: `call_${index}`, type: 'function' as const, function: call }];
  });
  return { role: 'assistant', content, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
}
