/** A lane at one number of clients, with what was measured of it, round by round. */
import { median } from '../statistics';
import type { Lane } from './lanes';

export class Cell<Figures extends Readonly<Record<keyof Figures, number>>> {
  readonly lane: Lane;
  readonly clients: number;
  readonly #run: (lane: Lane, clients: number) => Promise<Figures>;
  readonly #rounds: Figures[] = [];
  #failure: string | undefined;

  constructor(lane: Lane, clients: number, run: (lane: Lane, clients: number) => Promise<Figures>) {
    this.lane = lane;
    this.clients = clients;
    this.#run = run;
  }

  /** Why nothing can be measured; undefined while everything works. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** One more round. A peer that fails is not asked again; without ours there is nothing to tell. */
  async measure(): Promise<void> {
    if (this.#failure !== undefined) return;
    try {
      this.#rounds.push(await this.#run(this.lane, this.clients));
    } catch (error) {
      if (this.lane.contender === null || this.lane.contender.name === 'ours') throw error;
      this.#failure = error instanceof Error ? error.message : String(error);
    }
  }

  /** The median over the rounds. */
  figure(name: keyof Figures): number {
    return median(this.#rounds.map((round) => round[name]));
  }

  /** What comes on top of the direct way, both taken from one round; the median over the rounds. */
  added(name: keyof Figures, direct: Cell<Figures>): number {
    return median(
      this.#rounds.map((round, index) => round[name] - (direct.#rounds[index]?.[name] ?? NaN)),
    );
  }

  /** Over all rounds, for clocks that are too coarse for one. */
  sum(name: keyof Figures): number {
    return this.#rounds.reduce((total, round) => total + round[name], 0);
  }
}
