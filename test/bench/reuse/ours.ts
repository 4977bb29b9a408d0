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

/** Longest wait for what no answer waits for: records, and the deletion of sessions given up. */
const SETTLE_LIMIT_MS = 2_000;

export class OurGateway implements Gateway {
  readonly #process: HeadlessGateway;
  readonly #client: OpenAI;
  readonly #killWithUs: () => void;

  private constructor(process_: HeadlessGateway) {
    this.#process = process_;
    this.#client = process_.openai();
    this.#killWithUs = () => void process_.child.kill();
    process.once('exit', this.#killWithUs);
  }

  static async launch({ flags = [], env = {} }: LaunchOptions = {}): Promise<OurGateway> {
    const gateway = await HeadlessGateway.launch({
      // Named, because an installed Lingma would go before the demo.
      flags: ['--lingma', path.join(distFolder, 'demo.js'), ...flags],
      env: { DEMO_LINGMA_DELTA_CHARS: '100', ...env },
    });
    return new OurGateway(gateway);
  }

  async send({ messages, model, tools, stream }: Turn): Promise<Reply> {
    const request: ChatCompletionCreateParamsNonStreaming = {
      model,
      messages: [...messages],
      ...(tools.length > 0 ? { tools: [...tools] } : {}),
    };
    const { completions } = this.#client.chat;
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
    const verdicts = exchanges.map(({ turn, reply }): Verdict => {
      const [token = ''] = tokensOf([reply.message]);
      const ask = record.answered.get(token);
      if (!ask) return { faithful: false, reused: false, received: undefined };
      const { received, isReply, model } = ask;
      const faithful = model === turn.model && sameTokens(received, tokensOf(turn.messages));
      return { faithful, reused: isReply, received };
    });
    return { verdicts, violations: [...record.violations, ...leaks] };
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
