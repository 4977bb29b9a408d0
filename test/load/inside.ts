/**
 * What a process holds, asked through Node's own inspector from outside: the product has no route
 * for it, and none is needed.
 */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { freePort } from '../../scripts/ports.mjs';
import { eventually } from '../support/headless';

/** What a process holds after its garbage has been collected. */
export interface Holdings {
  readonly heapMb: number;
  readonly rssMb: number;
  /** Timers, sockets and the like that keep its event loop alive, counted by kind. */
  readonly resources: Readonly<Record<string, number>>;
}

interface Reply {
  readonly id: number;
  readonly result?: { readonly result?: { readonly value?: unknown } };
}

export class Inside {
  readonly #socket: WebSocket;
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** A flag for Node, and the way into a process that was started with it. */
  static async door(): Promise<{ flag: string; open: () => Promise<Inside> }> {
    const address = `127.0.0.1:${await freePort()}`;
    return {
      flag: `--inspect=${address}`,
      open: async () => {
        const [target] = await eventually('the inspector', async () => {
          const list = await fetch(`http://${address}/json/list`).catch(() => undefined);
          return (await list?.json()) as { webSocketDebuggerUrl: string }[] | undefined;
        });
        const socket = new WebSocket(target?.webSocketDebuggerUrl ?? '');
        await once(socket, 'open');
        return new Inside(socket);
      },
    };
  }

  async holdings(): Promise<Holdings> {
    // Finalisers run between two collections, and what they let go is collected by the second.
    for (let round = 0; round < 3; round++) await this.#call('HeapProfiler.collectGarbage', {});
    const value = await this.#evaluate(
      '({ memory: process.memoryUsage(), resources: process.getActiveResourcesInfo() })',
    );
    const { memory, resources } = value as { memory: NodeJS.MemoryUsage; resources: string[] };
    const counts: Record<string, number> = {};
    for (const kind of resources.sort()) counts[kind] = (counts[kind] ?? 0) + 1;
    return { heapMb: memory.heapUsed / 2 ** 20, rssMb: memory.rss / 2 ** 20, resources: counts };
  }

  close(): void {
    this.#socket.close();
  }

  async #evaluate(expression: string): Promise<unknown> {
    const reply = await this.#call('Runtime.evaluate', { expression, returnByValue: true });
    return reply.result?.result?.value;
  }

  async #call(method: string, params: object): Promise<Reply> {
    const id = this.#nextId++;
    this.#socket.send(JSON.stringify({ id, method, params }));
    for (;;) {
      const [data] = (await once(this.#socket, 'message')) as [Buffer];
      const reply = JSON.parse(data.toString()) as Reply;
      if (reply.id === id) return reply;
    }
  }
}
