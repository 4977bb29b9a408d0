/** Three launchers behind one HAProxy, and one witness of everything their processes are told. */
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Chat, type ChatOptions } from '../faults/chat';
import { Witness } from '../faults/witness';
import { freePort } from '../../scripts/ports.mjs';
import { HeadlessGateway } from '../support/headless';
import { Balancer, NAMES, type ServerName } from './balancer';
import { removeFolder } from '../support/tempDir';

const API_KEY = 'one-key-for-all-gateways';
/** By which clients on other machines would call. */
export const PUBLIC_NAME = 'llm.example.com';
const DRAIN_SECONDS = 30;

interface Member {
  readonly port: number;
  gateway: HeadlessGateway;
}

/** Where a turn was answered, and what `x-lingma-session` says of it. */
interface Place {
  readonly gateway: ServerName;
  readonly reason: string;
}

/** A chat through the balancer that knows where each of its turns was answered. */
export interface PlacedChat {
  readonly chat: Chat;
  readonly places: readonly Place[];
}

export class Fleet {
  readonly balancer: Balancer;
  readonly witness: Witness;
  readonly #folder: string;
  readonly #members: ReadonlyMap<ServerName, Member>;

  private constructor(
    balancer: Balancer,
    witness: Witness,
    folder: string,
    members: ReadonlyMap<ServerName, Member>,
  ) {
    this.balancer = balancer;
    this.witness = witness;
    this.#folder = folder;
    this.#members = members;
  }

  static async launch(): Promise<Fleet> {
    const folder = mkdtempSync(path.join(tmpdir(), 'lingma-fleet-'));
    const record = path.join(folder, 'record.jsonl');
    const started = NAMES.map(async (name): Promise<[ServerName, Member]> => {
      const port = await freePort();
      return [name, { port, gateway: await launch(port, record) }];
    });
    const members = new Map(await Promise.all(started));
    const balancer = await Balancer.launch([...members.values()].map(({ port }) => port));
    return new Fleet(balancer, new Witness(record), folder, members);
  }

  get endpoint(): { readonly baseUrl: string; readonly apiKey: string } {
    return { baseUrl: this.balancer.baseUrl, apiKey: API_KEY };
  }

  gateway(name: ServerName): HeadlessGateway {
    return this.#member(name).gateway;
  }

  /** @param name Part of every mark; no two chats may share one. */
  chat(name: string, options: ChatOptions = {}): PlacedChat {
    const places: Place[] = [];
    const chat = new Chat({ ...this.endpoint, witness: this.witness }, name, {
      ...options,
      onHeaders: (headers) => {
        places.push({
          gateway: headers.get('x-lingma-gateway') as ServerName,
          reason: headers.get('x-lingma-session')?.split(';')[0] ?? '',
        });
      },
    });
    return { chat, places };
  }

  /** Kills a gateway without a warning. */
  async kill(name: ServerName): Promise<void> {
    const { child } = this.gateway(name);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Starts one again that has ended, where it was, and waits until the balancer uses it. */
  async revive(name: ServerName): Promise<void> {
    const member = this.#member(name);
    await member.gateway.stop();
    member.gateway = await launch(member.port, path.join(this.#folder, 'record.jsonl'));
    await this.balancer.sees(name, 'UP');
  }

  async stop(): Promise<void> {
    await this.balancer.stop();
    // Not SIGTERM: there is nobody left to drain for.
    await Promise.all([...this.#members.values()].map(({ gateway }) => gateway.stop('SIGINT')));
    await removeFolder(this.#folder);
  }

  #member(name: ServerName): Member {
    const member = this.#members.get(name);
    if (!member) throw new Error(`no gateway ${name}`);
    return member;
  }
}

function launch(port: number, record: string): Promise<HeadlessGateway> {
  return HeadlessGateway.launch({
    flags: [
      ...['--lingma', path.resolve('dist/demo.js'), '--port', String(port)],
      ...['--api-key', API_KEY, '--drain-seconds', String(DRAIN_SECONDS)],
      ...['--allowed-host', PUBLIC_NAME, '--max-in-flight', '0'],
    ],
    env: { DEMO_LINGMA_RECORD: record },
  });
}
