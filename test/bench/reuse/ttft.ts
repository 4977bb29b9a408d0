/**
 * Time to first token of a growing conversation, where the model has to read what arrives: with
 * sessions, and without any in the same run.
 */
import path from 'node:path';
import type { ChatCompletionMessageParam } from 'openai/resources/chat/completions';
import { writeCall } from '../../../src/conversation/toolBlocks';
import { HeadlessGateway } from '../../support/headless';
import { distFolder } from '../paths';
import { heading, ms, say, table } from '../report';
import { median } from '../statistics';
import { scriptFor } from './tokens';

const TURNS = 30;
/** Turns at each end of a conversation that its median is of. */
const SHOWN = 5;
const RESULT_LENGTH = 2_000;
/** Characters that the demo reads in a second before it answers: 25,000 tokens, a quick model. */
const PREFILL_CPS = 100_000;

const TEXT = 'Let me see.';
const NAME = 'run';
const ARGUMENTS = '{"value":"ls"}';
const ANSWER = `${TEXT}\n${writeCall(NAME, ARGUMENTS)}`;
const TOOL = {
  type: 'function' as const,
  function: {
    name: NAME,
    description: 'Runs a command.',
    parameters: { type: 'object', properties: { value: { type: 'string' } } },
  },
};

/**
 * Prints medians over the first and the last turns of all chats.
 * @param chats Conversations, one after the other, each on both gateways in turns.
 */
export async function reportTimeToFirstToken(chats: number): Promise<void> {
  heading(`Time to first token over a tool loop of ${TURNS} turns`);
  const ours = await launch([]);
  const stateless = await launch(['--session-max', '0']);
  const times = new Map([
    [ours, [] as number[][]],
    [stateless, [] as number[][]],
  ]);
  try {
    for (let chat = 0; chat < chats; chat++) {
      const loops = [...times].map(([gateway, all]) => {
        const own: number[] = [];
        all.push(own);
        return { loop: new ToolLoop(gateway, `Chat ${chat}.`, gateway === ours), own };
      });
      // Both meet the same state of the machine, and neither always goes first.
      for (let turn = 0; turn < TURNS; turn++) {
        for (const { loop, own } of turn % 2 === 0 ? loops : loops.toReversed()) {
          own.push(await loop.next());
        }
      }
    }
  } finally {
    await Promise.all([ours.stop(), stateless.stop()]);
  }
  const figures = [ours, stateless].map((gateway) => {
    const all = times.get(gateway) ?? [];
    return {
      first: median(all.flatMap((one) => one.slice(0, SHOWN))),
      last: median(all.flatMap((one) => one.slice(-SHOWN))),
    };
  });
  const names = ['ours', 'stateless (ours with --session-max 0)'];
  table(
    ['gateway', `first ${SHOWN} turns`, `last ${SHOWN} turns`],
    figures.map(({ first, last }, index) => [names[index] ?? '', ms(first), ms(last)]),
  );
  const [with_, without] = figures;
  say();
  say(
    `- Medians over ${chats} chats, interleaved; ${RESULT_LENGTH} characters arrive with each turn, ` +
      `and the demo reads ${PREFILL_CPS} characters a second.`,
  );
  say(`- At the end ${((without?.last ?? NaN) / (with_?.last ?? NaN)).toFixed(1)} × sooner.`);
}

function launch(flags: readonly string[]): Promise<HeadlessGateway> {
  return HeadlessGateway.launch({
    // Named, because an installed Lingma would go before the demo.
    flags: ['--lingma', path.join(distFolder, 'demo.js'), ...flags],
    env: { DEMO_LINGMA_PREFILL_CPS: String(PREFILL_CPS), DEMO_LINGMA_DELTA_CHARS: '100' },
  });
}

/** An agent's loop whose every answer calls the tool once more. */
class ToolLoop {
  readonly #gateway: HeadlessGateway;
  readonly #reuses: boolean;
  readonly #messages: ChatCompletionMessageParam[];

  constructor(gateway: HeadlessGateway, name: string, reuses: boolean) {
    this.#gateway = gateway;
    this.#reuses = reuses;
    this.#messages = [
      { role: 'system', content: 'Use the tools.' },
      { role: 'user', content: `${name} ${filling()}\n${scriptFor(ANSWER)}` },
    ];
  }

  /** Runs one turn; gives the milliseconds until the first text of its answer. */
  async next(): Promise<number> {
    const id = `call_${this.#messages.length}`;
    const first = await this.#timed();
    this.#messages.push(
      {
        role: 'assistant',
        content: TEXT,
        tool_calls: [{ id, type: 'function', function: { name: NAME, arguments: ARGUMENTS } }],
      },
      { role: 'tool', tool_call_id: id, content: `${filling()}\n${scriptFor(ANSWER)}` },
    );
    return first;
  }

  async #timed(): Promise<number> {
    const continues = this.#reuses && this.#messages.length > 2;
    const sentAt = performance.now();
    const { data, response } = await this.#gateway
      .openai()
      .chat.completions.create({
        model: 'org_auto',
        messages: this.#messages,
        tools: [TOOL],
        stream: true,
      })
      .withResponse();
    let first: number | undefined;
    for await (const { choices } of data) {
      if (choices[0]?.delta.content) first ??= performance.now() - sentAt;
    }
    const placement = response.headers.get('x-lingma-session') ?? '';
    // Times of anything else would be figures about something else.
    if (placement.startsWith('continued') !== continues) throw new Error(placement);
    if (first === undefined) throw new Error('an answer without a text');
    return first;
  }
}

function filling(): string {
  const line = 'const answer = 42; // "ok"\n';
  return line.repeat(Math.ceil(RESULT_LENGTH / line.length)).slice(0, RESULT_LENGTH);
}
