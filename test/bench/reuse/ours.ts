/** Our gateway: the built launcher with demo processes, asked over HTTP by the official client. */
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type OpenAI from 'openai';
import type {
  ChatCompletionAssistantMessageParam,
  ChatCompletionChunk,
  ChatCompletionCreateParamsNonStreaming,
  ChatCompletionMessageFunctionToolCall,
} from 'openai/resources/chat/completions';
import { HeadlessGateway, type LaunchOptions } from '../../support/headless';
import { distFolder } from '../paths';
import type { Exchange, Gateway, Judgement, Reply, Turn, Verdict } from './gateway';
import { RecordReader } from './record';
import { sameTokens, tokensOf } from './tokens';

/** The client that has a key besides the gateway's own. */
export const SECOND_CLIENT = { name: 'second', key: 'key-of-the-second-client' } as const;

/** Longest wait for what no answer waits for: records, and the deletion of sessions given up. */
const SETTLE_LIMIT_MS = 2_000;

export class OurGateway implements Gateway {
  readonly #process: HeadlessGateway;
  /** By the name of their API key; the gateway's own under no name. */
  readonly #clients: ReadonlyMap<string | undefined, OpenAI>;
  readonly #killWithUs: () => void;

  private constructor(process_: HeadlessGateway) {
    this.#process = process_;
    this.#clients = new Map([
      [undefined, process_.openai()],
      [SECOND_CLIENT.name, process_.openai(SECOND_CLIENT.key)],
    ]);
    this.#killWithUs = () => void process_.child.kill();
    process.once('exit', this.#killWithUs);
  }

  static async launch({ flags = [], env = {} }: LaunchOptions = {}): Promise<OurGateway> {
    const gateway = await HeadlessGateway.launch({
      // Named, because an installed Lingma would go before the demo.
      flags: [
        ...['--lingma', path.join(distFolder, 'demo.js')],
        ...['--client-key', `${SECOND_CLIENT.name}=${SECOND_CLIENT.key}`],
        ...flags,
      ],
      env: { DEMO_LINGMA_DELTA_CHARS: '100', ...env },
    });
    return new OurGateway(gateway);
  }

  async send({ caller, messages, model, tools, stream }: Turn): Promise<Reply> {
    const client = this.#clients.get(caller);
    if (!client) throw new Error(`nobody gave ${caller ?? 'the owner'} a key`);
    const request: ChatCompletionCreateParamsNonStreaming = {
      model,
      messages: [...messages],
      ...(tools.length > 0 ? { tools: [...tools] } : {}),
    };
    const { completions } = client.chat;
    if (stream) {
      const { data, response } = await completions
        .create({ ...request, stream: true })
        .withResponse();
      return replyOf(await collect(data), response);
    }
    const { data, response } = await completions.create(request).withResponse();
    const [choice] = data.choices;
    if (!choice) throw new Error('an answer without a choice');
    const { content, tool_calls: calls } = choice.message;
    return replyOf(
      { role: 'assistant', content, ...(calls ? { tool_calls: calls } : {}) },
      response,
    );
  }

  async judge(exchanges: readonly Exchange[]): Promise<Judgement> {
    const { record, leaks } = await this.#settledRecord();
    const callers = new Map<string, string | undefined>();
    const shared: string[] = [];
    const verdicts = exchanges.map(({ turn, reply }): Verdict => {
      const [token = ''] = tokensOf([reply.message]);
      const ask = record.answered.get(token)?.shift();
      if (!ask) return { faithful: false, reused: false, received: undefined };
      const { received, isReply, model, session } = ask;
      if (!callers.has(session)) callers.set(session, turn.caller);
      else if (callers.get(session) !== turn.caller) shared.push(`${session} served two keys`);
      const faithful = model === turn.model && sameTokens(received, tokensOf(turn.messages));
      return { faithful, reused: isReply, received };
    });
    return { verdicts, violations: [...record.violations, ...shared, ...leaks] };
  }

  /** Instances with a process right now. */
  async running(): Promise<{ id: string; pid: number }[]> {
    const { instances } = await this.#process.stats();
    return instances.flatMap(({ id, pid }) => (pid === null ? [] : [{ id, pid }]));
  }

  /** Bytes of all prompts that reached the processes. */
  upstreamBytes(): number {
    return this.#process
      .upstream('chat/ask')
      .reduce((sum, { questionText }) => sum + Buffer.byteLength(String(questionText)), 0);
  }

  async stop(): Promise<void> {
    process.off('exit', this.#killWithUs);
    await this.#process.stop();
  }

  /**
   * The record once the processes have written everything, for which an answer does not wait. What
   * they hold then and the cache does not know would never be deleted: those are leaks.
   */
  async #settledRecord(): Promise<{ record: RecordReader; leaks: string[] }> {
    const deadline = performance.now() + SETTLE_LIMIT_MS;
    for (;;) {
      const { instances, sessionCache } = await this.#process.stats();
      const record = new RecordReader(this.#process.records());
      const { held, busy } = record.heldBy(new Set(instances.flatMap(({ pid }) => pid ?? [])));
      if (busy === 0 && held === sessionCache.size) return { record, leaks: [] };
      if (performance.now() > deadline) {
        const leak = `${held} sessions upstream (${busy} busy), ${sessionCache.size} in the cache`;
        return { record, leaks: [leak] };
      }
      await sleep(100);
    }
  }
}

function replyOf(message: ChatCompletionAssistantMessageParam, response: Response): Reply {
  const placement = response.headers.get('x-lingma-session') ?? '';
  return { message, placement, instance: /instance=([^;]+)/.exec(placement)?.[1] ?? '' };
}

async function collect(
  chunks: AsyncIterable<ChatCompletionChunk>,
): Promise<ChatCompletionAssistantMessageParam> {
  let content = '';
  const calls: ChatCompletionMessageFunctionToolCall[] = [];
  let finished = false;
  for await (const { choices } of chunks) {
    const [choice] = choices;
    content += choice?.delta.content ?? '';
    for (const { id = '', function: call } of choice?.delta.tool_calls ?? []) {
      const { name = '', arguments: json = '' } = call ?? {};
      calls.push({ id, type: 'function', function: { name, arguments: json } });
    }
    finished ||= Boolean(choice?.finish_reason);
  }
  if (!finished) throw new Error('a stream without an end');
  return { role: 'assistant', content, ...(calls.length > 0 ? { tool_calls: calls } : {}) };
}
