/** One workload on one gateway. */
import { Client, type ObservedExchange } from './client';
import type { Gateway, Verdict } from './gateway';
import { IdealCache } from './ideal';
import { OurGateway } from './ours';
import { Random } from './random';
import { tokensOf } from './tokens';
import type { Workload } from './workloads';

export interface Outcome {
  readonly turns: number;
  readonly faithful: number;
  readonly reused: number;
  /** Turns that an ideal cache could have continued. */
  readonly possible: number;
  /** Turns that failed and were sent again. */
  readonly failures: number;
  readonly violations: readonly string[];
  /** What went wrong, for people. */
  readonly unfaithful: readonly string[];
  readonly missed: readonly string[];
}

export async function runWorkload(
  workload: Workload,
  gateway: Gateway,
  seed: number,
): Promise<Outcome> {
  const ideal = new IdealCache(workload.limits);
  const client = new Client(gateway, ideal);
  const random = Random.of(seed, workload.name);
  const chats = Array.from({ length: workload.chats }, (_, index) =>
    workload.chat(`c${index}`, client, Random.of(seed, workload.name, index)),
  );
  // A model answers at once: there it is the order alone that counts.
  const width = gateway instanceof OurGateway ? workload.width : 1;
  for (let round = 0; round < workload.rounds; round++) {
    if (gateway instanceof OurGateway) await workload.before?.(round, gateway, ideal);
    const turns = atOnce(width, random.shuffled(chats), (chat) => chat.round(round));
    const during =
      gateway instanceof OurGateway ? workload.during?.(round, gateway, ideal) : undefined;
    await Promise.all([turns, during]);
  }
  const { verdicts, violations } = await gateway.judge(client.exchanges);
  const { failures, exchanges } = client;
  const undue = failures > 0 && !workload.mayFail ? [`${failures} turns failed`] : [];
  return { ...sumUp(exchanges, verdicts), failures, violations: [...violations, ...undue] };
}

function sumUp(
  exchanges: readonly ObservedExchange[],
  verdicts: readonly Verdict[],
): Omit<Outcome, 'failures' | 'violations'> {
  const pairs = exchanges.flatMap((exchange, index) => {
    const verdict = verdicts[index];
    return verdict ? [{ ...exchange, verdict }] : [];
  });
  // What was continued was possible, even where the reference could not be sure.
  const possible = pairs.filter(({ lease, verdict }) => lease.possible || verdict.reused);
  return {
    turns: exchanges.length,
    faithful: pairs.filter(({ verdict }) => verdict.faithful).length,
    reused: pairs.filter(({ verdict }) => verdict.reused).length,
    possible: possible.length,
    unfaithful: pairs
      .filter(({ verdict }) => !verdict.faithful)
      .map(
        ({ turn, reply, verdict }) =>
          `${reply.placement}\n  client:   ${tokensOf(turn.messages).join(' ')}\n` +
          `  upstream: ${verdict.received?.join(' ') ?? 'no process gave this answer'}\n` +
          `  answer:   ${JSON.stringify(reply.message.content)}`,
      ),
    missed: possible
      .filter(({ verdict }) => !verdict.reused)
      .map(({ turn, reply }) => `${reply.placement}: ${tokensOf(turn.messages).join(' ')}`),
  };
}

/** Runs a task for every item, at most `width` at once, beginning in order. */
async function atOnce<T>(
  width: number,
  items: readonly T[],
  task: (item: T) => Promise<void>,
): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await task(item);
  };
  await Promise.all(Array.from({ length: width }, worker));
}
