/**
 * What one turn may make the gateway do, counted through its front door: calls and bytes, which no
 * busy machine changes. Each figure is the median over turns, so that a packet which the system
 * happens to deliver in two parts is no failure.
 */
import assert from 'node:assert/strict';
import { median } from '../bench/statistics';
import { CountedGateway, type Counts, type Message } from './countedGateway';

const TURNS = 15;
const ALLOCATING_TURNS = 100;
const DELTAS = 10;

/** The frames of an answer: the reply to the question, the deltas, the end. */
const framesOf = (deltas: number): number => 1 + deltas + 1;

interface Budget {
  readonly figure: keyof Counts;
  readonly plain: number;
  readonly streamed: number;
  readonly reason: string;
}

const budgets: readonly Budget[] = [
  {
    figure: 'clientWrites',
    plain: 1,
    streamed: 1,
    reason: 'headers travel with the body, and events that came together go together',
  },
  {
    figure: 'lingmaWrites',
    plain: 2,
    streamed: 2,
    reason: 'the question, then all acknowledgements of what came in one packet',
  },
  {
    figure: 'parses',
    plain: 1 + framesOf(1),
    streamed: 1 + framesOf(DELTAS),
    reason: 'the body and every frame of Lingma are parsed once',
  },
  {
    figure: 'stringifies',
    plain: 2 + framesOf(1),
    streamed: 2 + framesOf(DELTAS) + 2,
    reason:
      'the prompt and what it is asked with, the acknowledgements, the answer; no delta is written by way of an object',
  },
  {
    figure: 'timers',
    plain: 2,
    streamed: 4,
    reason: 'the limits of the turn; a stream has a sign of life and one of its response as well',
  },
];

/** Bytes of young objects a turn may cost: a quarter above what it took when this was written. */
const allocations = { plain: 175_000, streamed: 240_000 };

describe('budgets of a turn', () => {
  let gateway: CountedGateway;

  before(async () => {
    gateway = await CountedGateway.start();
    // What is loaded or compiled on first use is not part of a turn.
    for (const kind of ['plain', 'streamed'] as const) await countTurns(kind, 80);
  });

  after(() => gateway.stop());

  for (const kind of ['plain', 'streamed'] as const) {
    it(`a ${kind} turn keeps to its calls`, async () => {
      const turns = await countTurns(kind, TURNS);
      for (const { figure, reason, [kind]: limit } of budgets) {
        const figures = turns.map((counts) => counts[figure]);
        assert.ok(Math.min(...figures) > 0, `${figure} are not counted`);
        assert.ok(
          median(figures) <= limit,
          `${figure}: ${String(median(figures))} of ${limit} (${reason})`,
        );
      }
    });

    it(`a ${kind} turn keeps to its allocations`, async () => {
      await play(kind);
      const before = await gateway.counts(true);
      for (let turn = 0; turn < ALLOCATING_TURNS; turn++) await ask(kind, turn);
      const after = await gateway.counts();
      const bytes = (after.heapBytes - before.heapBytes) / ALLOCATING_TURNS;
      assert.ok(bytes <= allocations[kind], `${bytes} bytes of ${allocations[kind]}`);
    });
  }

  it('a continued turn hashes its conversation once and sends only what is new', async () => {
    await play('plain');
    const conversations = await Promise.all(
      [1_000, 100_000].map(async (length) => {
        const messages: Message[] = [{ role: 'user', content: 'x'.repeat(length) }];
        const { text } = await gateway.ask(messages, false);
        return [...messages, { role: 'assistant' as const, content: text }];
      }),
    );
    const sent: number[] = [];
    for (const messages of conversations) {
      messages.push({ role: 'user', content: 'And then?' });
      await gateway.report();
      const before = await gateway.counts();
      const { text, continued } = await gateway.ask(messages, false);
      const after = await gateway.counts();
      assert.ok(continued);
      const chars = messages.reduce((sum, { content }) => sum + content.length, text.length);
      const hashed = after.hashedBytes - before.hashedBytes;
      // Scope, roles and lengths of few messages; not the text a second time.
      assert.ok(hashed <= chars + 400, `${hashed} bytes hashed of ${chars}`);
      const parsed = after.parsedChars - before.parsedChars;
      const body = JSON.stringify({ model: 'bench-model', messages, stream: false }).length;
      assert.ok(parsed <= body + 1_200, `${parsed} characters parsed of a body of ${body}`);
      const { promptBytes, requestBytes } = await gateway.report();
      assert.equal(promptBytes, 'And then?'.length);
      sent.push(requestBytes);
    }
    const [short = 0, long = 0] = sent;
    assert.equal(long, short, 'a long conversation sends no more than a short one');
  });

  function play(kind: 'plain' | 'streamed'): Promise<void> {
    return gateway.upstream.answer({ deltas: kind === 'plain' ? 1 : DELTAS, paceMs: 0 });
  }

  function ask(kind: 'plain' | 'streamed', turn: number): Promise<unknown> {
    return gateway.ask([{ role: 'user', content: `Turn ${turn}.` }], kind === 'streamed');
  }

  /** Turns one after the other, with what each made the counters rise by. */
  async function countTurns(kind: 'plain' | 'streamed', count: number): Promise<Counts[]> {
    await play(kind);
    const turns: Counts[] = [];
    let last = await gateway.counts();
    for (let turn = 0; turn < count; turn++) {
      await ask(kind, turn);
      const now = await gateway.counts();
      turns.push(difference(now, last));
      last = now;
    }
    return turns;
  }
});

function difference(now: Counts, last: Counts): Counts {
  const entries = Object.entries(now) as [keyof Counts, number][];
  return Object.fromEntries(entries.map(([name, value]) => [name, value - last[name]])) as Record<
    keyof Counts,
    number
  >;
}
