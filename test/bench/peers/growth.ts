/** What a continued turn costs as conversations grow long, grow large, and grow many. */
import * as v from 'valibot';
import { cpuTimeMs } from '../cpuTime';
import { heading, ms, say, table } from '../report';
import { median } from '../statistics';
import { type Contender, startOurs } from './contenders';
import { type Goal, verdict } from './goals';
import { bytesOf, HttpConnection } from './httpConnection';
import { LingmaLink } from './lingmaConnection';
import type { Connection } from './turnTimes';
import type { Upstream } from './upstreamProcess';
import { model, pathOf } from './workloads';

export interface GrowthExtent {
  readonly rounds: number;
  /** Conversations of each kind in a round. */
  readonly conversations: number;
  /** Sessions that the full gateway holds. */
  readonly sessions: number;
}

interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

/** Conversations of one kind. */
interface Kind {
  readonly name: string;
  /** Questions that were asked and answered before. */
  readonly turns: number;
  /** Characters of each message. */
  readonly length: number;
}

interface Figures {
  readonly cpuMs: number;
  readonly addedMs: number;
  readonly parseMs: number;
  readonly bodyBytes: number;
  /** Bytes that reached the upstream with a turn: the fewest and the most. */
  readonly sent: readonly [number, number];
}

const TURN_LENGTH = 200;
/** Of what agents send most: results of tools. */
const SIZED_LENGTH = 2_000;
const LINE = 'const answer = compute(42); // as "agreed"\n';
/** Turns after which the hot code of a gateway is compiled. */
const WARM_UP_TURNS = 1_000;
/** No more than this in flight or in memory at a time. */
const LARGE_BYTES = 500_000;
const LARGE_CONVERSATIONS = 20;
const FEW_SESSIONS = 10;

const byTurns: readonly Kind[] = [1, 10, 50, 200].map((turns) => ({
  name: `${turns} turns before it`,
  ...{ turns, length: TURN_LENGTH },
}));

const bySize: readonly Kind[] = [
  ['1 KB', 1_000] as const,
  ['10 KB', 10_000] as const,
  ['100 KB', 100_000] as const,
  ['1 MB', 1_000_000] as const,
].map(([name, bytes]) => {
  const turns = Math.max(1, Math.round(bytes / (2 * SIZED_LENGTH)));
  return { name: `${name} before it`, turns, length: bytes / (2 * turns) };
});

const wholeAnswer = v.object({
  choices: v.tuple([v.object({ message: v.object({ content: v.string() }) })]),
});

/** Measures and prints; returns the goals with their figures. */
export async function reportGrowth(upstream: Upstream, extent: GrowthExtent): Promise<Goal[]> {
  await upstream.answer({ deltas: 1, paceMs: 0 });
  const many = ['--session-max', String(2 * extent.sessions), '--session-max-per-instance', '0'];
  const gateway = await startOurs(upstream.port, many);
  try {
    const bench = await Bench.open(gateway, upstream);
    await bench.fill(WARM_UP_TURNS);
    heading('Growth: a continued turn');
    const goals = [
      ...(await reportKinds(bench, byTurns, extent)),
      ...(await reportKinds(bench, bySize, extent)),
    ];
    say(`\n${method}`);
    heading('Growth: sessions');
    goals.push(...(await reportSessions(bench, upstream, extent)));
    bench.close();
    return goals;
  } finally {
    await gateway.stop();
  }
}

const method =
  'Every conversation is opened with its whole history, lines of code in messages of up to 2,000 ' +
  'characters, then continued once; only that turn is measured. JSON.parse: of the body of that turn, in bytes, in the client. Added: the median over ' +
  'a short turn of the same prompt straight to the upstream. Growth: CPU time beyond that of the ' +
  'first row, beside JSON.parse. Sent: bytes of the request to Lingma.';

async function reportKinds(
  bench: Bench,
  kinds: readonly Kind[],
  { rounds, conversations }: GrowthExtent,
): Promise<Goal[]> {
  const measured = kinds.map((kind) => ({ kind, rounds: [] as Figures[] }));
  for (let round = 0; round < rounds; round++) {
    for (const { kind, rounds: all } of measured) {
      const large = 2 * kind.turns * kind.length > LARGE_BYTES;
      all.push(await bench.measure(kind, large ? LARGE_CONVERSATIONS : conversations));
    }
  }
  const rows = measured.map(({ kind, rounds: all }) => ({ kind, ...over(all) }));
  const first = rows[0];
  if (!first) return [];
  const growth = (row: Figures): number => (row.cpuMs - first.cpuMs) / row.parseMs;
  say();
  table(
    ['a turn with', 'body', 'JSON.parse', 'CPU', 'added', 'growth ÷ JSON.parse', 'sent'],
    rows.map((row) => [
      row.kind.name,
      `${(row.bodyBytes / 1_000).toFixed(1)} KB`,
      `${row.parseMs.toFixed(3)} ms`,
      ...[ms(row.cpuMs), ms(row.addedMs), row === first ? '' : growth(row).toFixed(2)],
      row.sent[0] === row.sent[1] ? `${row.sent[0]} bytes` : `${row.sent.join('–')} bytes`,
    ]),
  );
  const last = rows.at(-1) ?? first;
  const sent = rows.flatMap((row) => row.sent);
  const what = last.kind.name;
  return [
    verdict(`growth of CPU beside JSON.parse: ${what}`, growth(last), '≤', 2, '×'),
    // The number of a request has more digits after a while.
    verdict(
      `bytes sent, most − fewest: ${what}`,
      Math.max(...sent) - Math.min(...sent),
      '≤',
      4,
      '',
    ),
  ];
}

/** The gateway with many sessions beside another one with few, in turns. */
async function reportSessions(
  full: Bench,
  upstream: Upstream,
  { rounds, conversations, sessions }: GrowthExtent,
): Promise<Goal[]> {
  await full.fill(sessions);
  const gateway = await startOurs(upstream.port, ['--session-max', String(FEW_SESSIONS)]);
  try {
    const few = await Bench.open(gateway, upstream);
    const kind: Kind = { name: 'sessions', turns: 10, length: TURN_LENGTH };
    await few.fill(WARM_UP_TURNS);
    const measured = [
      { name: `at most ${FEW_SESSIONS} sessions`, bench: few, rounds: [] as Figures[] },
      { name: `${sessions.toLocaleString('en')} and more`, bench: full, rounds: [] as Figures[] },
    ];
    const repeats = Math.ceil((2 * rounds * conversations) / FEW_SESSIONS);
    for (let repeat = 0; repeat < repeats; repeat++) {
      for (const one of measured) one.rounds.push(await one.bench.measure(kind, FEW_SESSIONS));
    }
    few.close();
    const [small, large] = measured.map(({ rounds: all }) => over(all));
    table(
      ['a gateway with', 'CPU', 'added'],
      measured.map(({ name, rounds: all }) => [name, ms(over(all).cpuMs), ms(over(all).addedMs)]),
    );
    const times = (large?.cpuMs ?? NaN) / (small?.cpuMs ?? NaN);
    return [verdict('CPU of a turn with many sessions beside few', times, '≤', 1.1, '×')];
  } finally {
    await gateway.stop();
  }
}

/** CPU over all rounds, whose clock is coarse; of the other figures the medians. */
function over(rounds: readonly Figures[]): Figures {
  return {
    cpuMs: rounds.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / rounds.length,
    addedMs: median(rounds.map(({ addedMs }) => addedMs)),
    parseMs: median(rounds.map(({ parseMs }) => parseMs)),
    bodyBytes: median(rounds.map(({ bodyBytes }) => bodyBytes)),
    sent: [
      Math.min(...rounds.map(({ sent: [fewest] }) => fewest)),
      Math.max(...rounds.map(({ sent: [, most] }) => most)),
    ],
  };
}

/** One connection to a gateway, and one past it. */
class Bench {
  readonly #gateway: Contender;
  readonly #upstream: Upstream;
  readonly #http: HttpConnection;
  readonly #link: LingmaLink;
  readonly #direct: Connection;
  #conversations = 0;

  private constructor(
    gateway: Contender,
    upstream: Upstream,
    { http, link }: { readonly http: HttpConnection; readonly link: LingmaLink },
  ) {
    this.#gateway = gateway;
    this.#upstream = upstream;
    this.#http = http;
    this.#link = link;
    this.#direct = link.connection(question(0));
  }

  static async open(gateway: Contender, upstream: Upstream): Promise<Bench> {
    const http = await HttpConnection.open(gateway.port, Buffer.alloc(0));
    return new Bench(gateway, upstream, { http, link: await LingmaLink.open(upstream.port) });
  }

  /** Opens so many conversations, then continues each of them once. */
  async measure(kind: Kind, conversations: number): Promise<Figures> {
    const opened: ChatMessage[][] = [];
    for (let index = 0; index < conversations; index++) opened.push(await this.#open(kind));
    const requests = opened.map((messages) => {
      messages.push({ role: 'user', content: question(0) });
      return bodyOf(messages);
    });
    const sent: number[] = [];
    const ours: number[] = [];
    const cpuBeganMs = cpuTimeMs(this.#gateway.pid) ?? NaN;
    await this.#upstream.report();
    for (const body of requests) {
      ours.push(await this.#send(body));
      const { requestBytes, turns } = await this.#upstream.report();
      if (turns !== 1) throw new Error(`one turn was asked as ${turns}`);
      sent.push(requestBytes);
    }
    const cpuMs = ((cpuTimeMs(this.#gateway.pid) ?? NaN) - cpuBeganMs) / conversations;
    const direct: number[] = [];
    const parse: number[] = [];
    for (const body of requests) {
      direct.push((await this.#direct.turn(false)).totalMs);
      const beganMs = performance.now();
      JSON.parse(body.toString());
      parse.push(performance.now() - beganMs);
    }
    return {
      ...{ cpuMs, addedMs: median(ours) - median(direct), parseMs: median(parse) },
      ...{ bodyBytes: requests[0]?.length ?? 0, sent: [Math.min(...sent), Math.max(...sent)] },
    };
  }

  /** Opens so many conversations of one short message. */
  async fill(sessions: number): Promise<void> {
    for (let index = 0; index < sessions; index++) {
      await this.#open({ name: 'filling', turns: 0, length: 0 });
    }
  }

  close(): void {
    this.#http.close();
    this.#link.close();
  }

  /** A conversation that nobody has had before, with the answer to its newest question. */
  async #open({ turns, length }: Kind): Promise<ChatMessage[]> {
    const text = LINE.repeat(Math.ceil(length / LINE.length)).slice(0, length);
    const messages: ChatMessage[] = [];
    for (let turn = 0; turn < turns; turn++) {
      messages.push({ role: 'user', content: text }, { role: 'assistant', content: text });
    }
    messages.push({ role: 'user', content: question(++this.#conversations) });
    await this.#send(bodyOf(messages));
    const { choices } = v.parse(wholeAnswer, JSON.parse(this.#http.answer));
    return [...messages, { role: 'assistant', content: choices[0].message.content }];
  }

  async #send(body: Buffer): Promise<number> {
    const { port } = this.#gateway;
    const headers = this.#gateway.headers('chat');
    this.#http.request = bytesOf({ port, path: pathOf('chat'), headers, body: body.toString() });
    return (await this.#http.turn(false)).totalMs;
  }
}

function bodyOf(messages: readonly ChatMessage[]): Buffer {
  return Buffer.from(JSON.stringify({ model, messages, stream: false }));
}

function question(number: number): string {
  return `Question ${number}: and what follows from that?`;
}
