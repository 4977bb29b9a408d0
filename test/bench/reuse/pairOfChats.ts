/** Two chats that say and are told exactly the same, each under an API key of its own. */
import { Chat, type Chatter, type Habits, type Sender } from './chat';
import { Random } from './random';

export class PairOfChats implements Chatter {
  readonly #random: Random;
  readonly #chats: readonly Chat[];

  /** @param caller The client whose key the second chat comes with. */
  constructor(name: string, client: Sender, random: Random, habits: Habits, caller: string) {
    this.#random = random;
    const underItsKey: Sender = { send: (turn) => client.send({ ...turn, caller }) };
    // Both draw the same, so both do the same.
    const seed = random.below(2 ** 32);
    this.#chats = [client, underItsKey].map(
      (sender) => new Chat(name, sender, new Random(seed), habits),
    );
  }

  /** One after the other: what they say does not tell them apart, so their order has to. */
  async round(number: number): Promise<void> {
    for (const chat of this.#random.shuffled(this.#chats)) await chat.round(number);
  }
}
