/** One long run: who talks, what befalls the processes, and what is checked all the while. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ErrorCode } from '../../src/base/errors';
import { Random } from '../bench/reuse/random';
import { assertTyped, type Chat, LOSSES } from '../faults/chat';
import { dialects, type Outcome } from '../faults/client';
import { descriptorsOf, median, residentMbOf, Rig, signalIfThere } from '../faults/rig';

const INSTANCES = 4;
const TALKERS = 40;
const IDLE_TIMEOUT_SECONDS = 5;
/** A conversation that has grown to so many messages makes room for a new one. */
const LONGEST = 24;
/** A client that meets this many failures in a row has lost its turn. */
const MOST_ATTEMPTS = 30;
const CHECK_EVERY_MS = 10_000;
/** Growth from the first third of a run to its last that is no leak. */
const ALLOWED = { mb: 64, descriptors: 40 };
/** What a turn may end with here. */
const TYPED: readonly ErrorCode[] = [...LOSSES, 'queue_full'];

interface Sample {
  readonly seconds: number;
  readonly mb: number;
  readonly descriptors: number;
}

export class Soak {
  readonly #rig: Rig;
  readonly #seed: number;
  readonly #problems: string[] = [];
  readonly #counts = { answers: 0, errors: 0, left: 0, kills: 0, stalls: 0, chats: 0 };
  readonly #samples: Sample[] = [];
  readonly #beganMs = performance.now();
  #over = false;

  private constructor(rig: Rig, seed: number) {
    this.#rig = rig;
    this.#seed = seed;
  }

  /** The gateway of a run; everything random in it follows from `seed`, but for the timing. */
  static async launch(seed: number): Promise<Soak> {
    const rig = await Rig.launch({
      flags: [
        ...['--instances', String(INSTANCES), '--max-in-flight', '16'],
        ...['--idle-timeout', String(IDLE_TIMEOUT_SECONDS)],
      ],
      env: { DEMO_LINGMA_DELTA_CHARS: '40' },
    });
    return new Soak(rig, seed);
  }

  /** Runs for so long, then waits for calm and stops; gives everything that was wrong. */
  async run(forMs: number): Promise<readonly string[]> {
    say(`seed ${this.#seed}, ${INSTANCES} instances, ${TALKERS} conversations at a time\n`);
    say('| seconds | answers | typed errors | left | kills | stalls | MB | descriptors |');
    say('| ------: | ------: | -----------: | ---: | ----: | -----: | -: | ----------: |');
    try {
      await this.#rig.calm();
      const talking = Array.from({ length: TALKERS }, (_, index) => this.#talk(index));
      const others = [this.#kill(), this.#stall(), this.#check()];
      await this.#pause(forMs);
      this.#over = true;
      await Promise.all([...talking, ...others]);
      await this.#rig.calm();
      this.#sample();
    } catch (error) {
      this.#note(error);
    }
    this.#over = true;
    this.#judgeGrowth();
    await this.#rig.stop().catch((error: unknown) => {
      this.#note(error);
    });
    say(`\n${this.#counts.chats} conversations; lost, mixed or leaked: ${this.#problems.length}`);
    return this.#problems;
  }

  async #talk(index: number): Promise<void> {
    const random = Random.of(this.#seed, 'talker', index);
    for (let number = 0; !this.#isOver(); number++) {
      const chat = this.#rig.chat(`soak.${index}.${number}`, {
        dialect: dialects[random.below(dialects.length)] ?? 'chat',
        stream: random.chance(0.6),
        tools: random.chance(0.3),
      });
      this.#counts.chats++;
      try {
        while (!this.#isOver() && chat.length < LONGEST) {
          await this.#turn(chat, random);
          await sleep(random.below(300));
        }
      } catch (error) {
        this.#note(error);
      }
    }
  }

  /** The next thing somebody does: leaves, regenerates, forks, or simply goes on. */
  async #turn(chat: Chat, random: Random): Promise<void> {
    const options = {
      words: random.below(40),
      script: random.chance(0.5) ? [`DEMO:gap ${random.below(30)}`] : [],
    };
    const what = random.next();
    if (what < 0.1) {
      this.#count(await chat.turn({ ...options, signal: AbortSignal.timeout(random.below(200)) }));
    } else if (what < 0.2) {
      this.#count(await chat.again());
    } else if (what < 0.3) {
      const both = await Promise.all([chat.aside(options), chat.turn(options)]);
      for (const outcome of both) this.#count(outcome);
    } else {
      await this.#insist(chat, () => chat.turn(options));
    }
  }

  async #insist(chat: Chat, send: () => Promise<Outcome>): Promise<void> {
    for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
      const outcome = await send();
      this.#count(outcome);
      if (outcome.kind === 'answer') return;
      await sleep(100);
    }
    throw new Error(`${chat.name} lost a turn: ${MOST_ATTEMPTS} failures in a row`);
  }

  #count(outcome: Outcome): void {
    if (outcome.kind === 'left') {
      this.#counts.left++;
      return;
    }
    assertTyped(outcome, TYPED);
    if (outcome.kind === 'answer') this.#counts.answers++;
    else this.#counts.errors++;
  }

  /** Now and then one process is killed. */
  async #kill(): Promise<void> {
    const random = Random.of(this.#seed, 'kills');
    while (await this.#pause(1_000 + random.below(3_000))) {
      if ((await this.#signal(random, 'SIGKILL')) !== undefined) this.#counts.kills++;
    }
  }

  /** Now and then one process stands still, sometimes for longer than anybody waits for it. */
  async #stall(): Promise<void> {
    const random = Random.of(this.#seed, 'stalls');
    while (await this.#pause(5_000 + random.below(10_000))) {
      const pid = await this.#signal(random, 'SIGSTOP');
      if (pid === undefined) continue;
      this.#counts.stalls++;
      await sleep(random.below(2_000 * IDLE_TIMEOUT_SECONDS));
      signalIfThere(pid, 'SIGCONT');
    }
  }

  async #signal(random: Random, signal: NodeJS.Signals): Promise<number | undefined> {
    const pids = await this.#rig.pids();
    const pid = pids[random.below(pids.length)];
    return pid !== undefined && signalIfThere(pid, signal) ? pid : undefined;
  }

  async #check(): Promise<void> {
    do {
      this.#sample();
      const violations = this.#rig.witness.violations();
      // What is wrong once stays so, and is told in the end.
      if (violations.length > 0) this.#over = true;
    } while (await this.#pause(CHECK_EVERY_MS));
  }

  #sample(): void {
    const sample = {
      seconds: Math.round((performance.now() - this.#beganMs) / 1000),
      mb: residentMbOf(this.#rig.pid),
      descriptors: descriptorsOf(this.#rig.pid),
    };
    this.#samples.push(sample);
    const { answers, errors, left, kills, stalls } = this.#counts;
    const cells = [sample.seconds, answers, errors, left, kills, stalls];
    say(`| ${[...cells, Math.round(sample.mb), sample.descriptors].join(' | ')} |`);
  }

  #judgeGrowth(): void {
    // The first sample was taken before anybody talked.
    const samples = this.#samples.slice(1);
    const third = Math.floor(samples.length / 3);
    if (third === 0) return;
    for (const figure of ['mb', 'descriptors'] as const) {
      const [before = 0, after = 0] = [samples.slice(0, third), samples.slice(-third)].map((part) =>
        median(part.map((sample) => sample[figure])),
      );
      const growth = Math.round(after - before);
      if (growth > ALLOWED[figure]) this.#problems.push(`${figure} grew by ${growth}`);
    }
  }

  /** Waits in short pieces; false when the run is over. */
  async #pause(ms: number): Promise<boolean> {
    const until = performance.now() + ms;
    while (!this.#over && performance.now() < until) await sleep(100);
    return !this.#over;
  }

  #isOver(): boolean {
    return this.#over;
  }

  #note(error: unknown): void {
    this.#problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
