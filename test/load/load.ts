/** One run under load: who asks, what befalls the processes, and what must be left of it in the end. */
import { setTimeout as sleep } from 'node:timers/promises';
import { machineFacts } from '../bench/machine';
import { Random } from '../bench/reuse/random';
import { quantile } from '../bench/statistics';
import { assertTyped, type Chat, LOSSES } from '../faults/chat';
import { dialects, type Outcome } from '../faults/client';
import { descriptorsOf, residentMbOf, Rig, signalIfThere } from '../faults/rig';
import { eventually } from '../support/headless';
import { type Holdings, Inside } from './inside';

export interface LoadOptions {
  readonly seconds: number;
  /** Turns under way at any time. */
  readonly streams: number;
  /** Conversations that take turns at it. */
  readonly conversations: number;
  readonly instances: number;
  readonly seed: number;
}

const KILL_EVERY_MS = 15_000;
const SHOW_EVERY_MS = 10_000;
/** Long enough for every conversation to come round again, short enough to wait for in the end. */
const TTL_SECONDS = 90;
/** A conversation of so many messages makes room for a new one. */
const LONGEST = 16;
/** A client that meets so many failures in a row has lost its turn. */
const MOST_ATTEMPTS = 12;
/** As the SDKs wait between attempts. */
const RETRY = { firstMs: 250, lastMs: 4_000 };
/**
 * Before the first measurement, so that it finds everything loaded and compiled, and all remembered
 * that is ever remembered of past turns, which is so many for each session that may be held.
 */
const WARM_UP_MS = 60_000;
const WARM_UP_TURNS_PER_SESSION = 18;
/** Of the launcher's log beside its turns, when something was wrong: all kills of a run. */
const LOG_LINES = 500;
/** Longer than a connection waits for its next request, on either side. */
const CONNECTIONS_KEPT_MS = 20_000;
/** What may stay: the share that V8 and the allocator keep of what they once had. */
const ALLOWED_GROWTH = 0.1;

/** What the launcher holds while nobody asks it anything. */
interface Idle extends Holdings {
  readonly descriptors: number;
}

export class Load {
  readonly #rig: Rig;
  readonly #inside: Inside;
  readonly #options: LoadOptions;
  readonly #problems: string[] = [];
  #counts = noCounts();
  readonly #firstBytesMs: number[] = [];
  #peakMb = 0;
  #peakDescriptors = 0;
  #beganMs = 0;
  #over = false;

  private constructor(rig: Rig, inside: Inside, options: LoadOptions) {
    this.#rig = rig;
    this.#inside = inside;
    this.#options = options;
  }

  /** A launcher with its inspector open on 127.0.0.1. */
  static async launch(options: LoadOptions): Promise<Load> {
    const { flag, open } = await Inside.door();
    const held = sessionsHeld(options);
    const rig = await Rig.launch({
      nodeFlags: [flag],
      flags: [
        ...['--instances', String(options.instances), '--session-ttl', String(TTL_SECONDS)],
        ...['--session-max', String(held), '--session-max-per-instance', '0'],
        ...['--max-in-flight', String(Math.ceil((2 * options.streams) / options.instances))],
      ],
      // A process holds as many as it is left with when the others have just been killed.
      env: { DEMO_LINGMA_DELTA_CHARS: '40', DEMO_LINGMA_SESSION_MAX: String(2 * held) },
    });
    return new Load(rig, await open(), options);
  }

  /** Runs to the end and prints what happened; gives everything that was wrong. */
  async run(): Promise<readonly string[]> {
    const { seconds, streams, conversations, instances, seed } = this.#options;
    say(machineFacts().join('\n'));
    say(
      `\n${seconds} s, ${streams} streams, ${conversations} conversations, ` +
        `${instances} instances, a kill every ${KILL_EVERY_MS / 1000} s, seed ${seed}\n`,
    );
    try {
      await this.#rig.calm();
      say('| seconds | answers | retried errors | left | kills | RSS MB | descriptors |');
      say('| ------: | ------: | -------------: | ---: | ----: | -----: | ----------: |');
      const warmUpTurns = WARM_UP_TURNS_PER_SESSION * sessionsHeld(this.#options);
      await this.#talk('warm', WARM_UP_MS, warmUpTurns);
      const before = await this.#idle();
      this.#forget();
      await this.#talk('load', seconds * 1000);
      const { turns, sessionCache } = await this.#rig.gateway.stats();
      this.#report(before, await this.#idle(), turns.reasons, sessionCache.hit_rate);
    } catch (error) {
      this.#note(error);
    }
    this.#inside.close();
    if (this.#problems.length > 0) say(`\nthe launcher's log ends with:\n${this.#endOfLog()}\n`);
    await this.#rig.stop().catch((error: unknown) => {
      this.#note(error);
    });
    return this.#problems;
  }

  /** Keeps as many turns under way as there are streams, for so long and until so many are answered. */
  async #talk(name: string, forMs: number, answers = 0): Promise<void> {
    const { streams, conversations, seed } = this.#options;
    this.#over = false;
    this.#beganMs = performance.now();
    let made = 0;
    const create = (): Chat => {
      const number = made++;
      this.#counts.chats++;
      const random = Random.of(seed, name, number);
      return this.#rig.chat(`${name}.${number}`, {
        dialect: dialects[number % dialects.length] ?? 'chat',
        stream: random.chance(0.9),
        tools: random.chance(0.3),
      });
    };
    const waiting = Array.from({ length: conversations }, create);
    const talkers = Array.from({ length: streams }, async (_, index) => {
      const random = Random.of(seed, name, 'talker', index);
      while (!this.#isOver()) {
        const chat = waiting.shift() ?? create();
        try {
          await this.#turn(chat, random);
          waiting.push(chat.length < LONGEST ? chat : create());
        } catch (error) {
          this.#note(error);
          waiting.push(create());
        }
      }
    });
    const others = [this.#kill(), this.#show()];
    await this.#pause(forMs);
    while (this.#counts.answers < answers && (await this.#pause(1_000)));
    this.#over = true;
    await Promise.all([...talkers, ...others]);
    await this.#rig.calm();
  }

  async #turn(chat: Chat, random: Random): Promise<void> {
    const options = {
      words: 5 + random.below(60),
      script: [`DEMO:gap ${5 + random.below(30)}`],
    };
    if (random.chance(0.05)) {
      this.#count(await chat.turn({ ...options, signal: AbortSignal.timeout(random.below(400)) }));
      return;
    }
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const askedAtMs = performance.now();
      const onFirstBytes = (): void => void this.#firstBytesMs.push(performance.now() - askedAtMs);
      const outcome = await chat.turn({ ...options, onFirstBytes });
      this.#count(outcome);
      if (outcome.kind === 'answer') return;
      await sleep(Math.min(RETRY.firstMs * 2 ** attempt, RETRY.lastMs));
    }
    this.#counts.lost++;
    throw new Error(`${chat.name} lost a turn: ${MOST_ATTEMPTS} failures in a row`);
  }

  #count(outcome: Outcome): void {
    if (outcome.kind === 'left') {
      this.#counts.left++;
      return;
    }
    assertTyped(outcome, [...LOSSES, 'queue_full']);
    if (outcome.kind === 'answer') this.#counts.answers++;
    else this.#counts.errors++;
  }

  async #kill(): Promise<void> {
    const random = Random.of(this.#options.seed, 'kills');
    while (await this.#pause(KILL_EVERY_MS)) {
      const pids = await this.#rig.pids();
      const pid = pids[random.below(pids.length)];
      if (pid !== undefined && signalIfThere(pid, 'SIGKILL')) this.#counts.kills++;
    }
  }

  async #show(): Promise<void> {
    let shownMs = 0;
    while (await this.#pause(500)) {
      const [mb, descriptors] = [residentMbOf(this.#rig.pid), descriptorsOf(this.#rig.pid)];
      this.#peakMb = Math.max(this.#peakMb, mb);
      this.#peakDescriptors = Math.max(this.#peakDescriptors, descriptors);
      const nowMs = performance.now() - this.#beganMs;
      if (nowMs - shownMs < SHOW_EVERY_MS) continue;
      shownMs = nowMs;
      const { answers, errors, left, kills } = this.#counts;
      const cells = [
        Math.round(nowMs / 1000),
        answers,
        errors,
        left,
        kills,
        Math.round(mb),
        descriptors,
      ];
      say(`| ${cells.join(' | ')} |`);
      // What is wrong once stays so, and is told in the end.
      if (this.#rig.witness.violations().length > 0) this.#over = true;
    }
  }

  /** Waits until every session has expired and every connection is closed, then looks. */
  async #idle(): Promise<Idle> {
    const limitMs = 3 * TTL_SECONDS * 1000;
    await eventually(
      'the end of all sessions',
      async () => {
        await sleep(1_000);
        return (await this.#rig.gateway.stats()).sessionCache.size === 0;
      },
      limitMs,
    );
    // Clients keep their connections for a next request, and let them go one by one.
    let descriptors: number;
    do {
      descriptors = descriptorsOf(this.#rig.pid);
      await sleep(CONNECTIONS_KEPT_MS);
    } while (descriptorsOf(this.#rig.pid) < descriptors);
    const holdings = await this.#inside.holdings();
    return { ...holdings, descriptors: descriptorsOf(this.#rig.pid) };
  }

  /** The figures of the warm-up are nobody's. */
  #forget(): void {
    this.#counts = noCounts();
    this.#firstBytesMs.length = 0;
    this.#peakMb = this.#peakDescriptors = 0;
  }

  #report(
    before: Idle,
    after: Idle,
    reasons: Readonly<Record<string, number>>,
    hitRate: number,
  ): void {
    const { answers, errors, left, kills, lost, chats } = this.#counts;
    const mixed = this.#rig.witness.violations().length;
    const ms = (fraction: number) => `${quantile(this.#firstBytesMs, fraction).toFixed(0)} ms`;
    const mb = ({ heapMb, rssMb }: Idle) => `${rssMb.toFixed(1)} MB, heap ${heapMb.toFixed(1)} MB`;
    const seconds = this.#options.seconds;
    const rows: [string, string | number][] = [
      ['answers', `${answers} (${(answers / seconds).toFixed(0)}/s) in ${chats} conversations`],
      ['typed errors, retried', errors],
      ['clients that left', left],
      ['processes killed', kills],
      ['lost', lost],
      ['mixed', mixed],
      ['sessions found', `${(100 * hitRate).toFixed(1)} %; ${reasonsText(reasons)}`],
      ['first bytes, p50 and p99', `${ms(0.5)}, ${ms(0.99)}`],
      ['idle before', mb(before)],
      ['peak', `${this.#peakMb.toFixed(1)} MB, ${this.#peakDescriptors} descriptors`],
      ['idle after', mb(after)],
      ['descriptors before and after', `${before.descriptors}, ${after.descriptors}`],
      ['timers and handles before', resourcesText(before)],
      ['timers and handles after', resourcesText(after)],
    ];
    say(`\n| what | |\n| :--- | :--- |\n${rows.map((row) => `| ${row.join(' | ')} |`).join('\n')}`);
    if (mixed > 0) this.#problems.push(...this.#rig.witness.violations());
    for (const figure of ['heapMb', 'rssMb'] as const) {
      const growth = after[figure] / before[figure] - 1;
      if (growth > ALLOWED_GROWTH) {
        this.#problems.push(`${figure} grew by ${(100 * growth).toFixed(1)} %`);
      }
    }
    if (after.descriptors > before.descriptors) this.#problems.push('descriptors stayed open');
    for (const [kind, count] of Object.entries(after.resources)) {
      if (count > (before.resources[kind] ?? 0)) this.#problems.push(`more of ${kind} than before`);
    }
  }

  /** Waits in short pieces; false when the run is over. */
  async #pause(ms: number): Promise<boolean> {
    const until = performance.now() + ms;
    while (!this.#over && performance.now() < until) await sleep(100);
    return !this.#over;
  }

  #endOfLog(): string {
    const lines = this.#rig.gateway.log.trimEnd().split('\n');
    return lines
      .filter((line) => !line.startsWith('info  turn:'))
      .slice(-LOG_LINES)
      .join('\n');
  }

  #isOver(): boolean {
    return this.#over;
  }

  #note(error: unknown): void {
    this.#problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

/** Every conversation, and those that a turn has just ended or begun. */
function sessionsHeld({ conversations, streams }: LoadOptions): number {
  return conversations + streams;
}

function noCounts() {
  return { answers: 0, errors: 0, left: 0, kills: 0, lost: 0, chats: 0 };
}

function reasonsText(reasons: Readonly<Record<string, number>>): string {
  const found = Object.entries(reasons).filter(([, count]) => count > 0);
  return found.map(([reason, count]) => `${reason} ${count}`).join(', ');
}

function resourcesText({ resources }: Idle): string {
  return Object.entries(resources)
    .map(([kind, count]) => `${kind} ${count}`)
    .join(', ');
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
