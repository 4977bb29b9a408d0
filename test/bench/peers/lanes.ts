/** A lane: one way from the client to the upstream for one workload. */
import type { Contender } from './contenders';
import { bytesOf, HttpConnection } from './httpConnection';
import { LingmaLink } from './lingmaConnection';
import type { Wire } from './peers';
import type { Connection } from './turnTimes';
import type { Upstream } from './upstreamProcess';
import { pathOf, type Workload, wiresOf } from './workloads';

export interface Lane {
  /** As tables show it. */
  readonly name: string;
  readonly wire: Wire | 'lingma';
  /** null for a way that leads straight to the upstream. */
  readonly contender: Contender | null;
  /** What this lane is held against; null for one that is itself the yardstick. */
  readonly direct: Lane | null;
  /** So many clients. */
  connect(count: number): Promise<Crowd>;
}

export interface Crowd {
  readonly clients: readonly Connection[];
  close(): void;
}

/**
 * The lanes of a workload, the direct ones first; ours has to come before a bare hop. Asks ours once, in order to know the prompt that
 * it makes of the body: the direct lane asks the same.
 */
export async function lanesOf(
  workload: Workload,
  upstream: Upstream,
  contenders: readonly Contender[],
): Promise<Lane[]> {
  await upstream.answer(workload.plan);
  const lanes: Lane[] = [];
  for (const wire of wiresOf(workload)) {
    const direct = httpLane(`direct, ${wire}`, workload, wire, upstream.port, {});
    lanes.push(direct);
    let lingma: Lane | undefined;
    for (const contender of contenders) {
      if (!contender.answers(workload, wire)) continue;
      const { name, kind, port } = contender;
      const headers = contender.headers(wire);
      const lane = httpLane(`${name}, ${wire}`, workload, wire, port, headers);
      if (kind === 'ours') lanes.push((lingma = await lingmaLane(lane, upstream)));
      const yardstick = kind === 'peer' ? direct : (lingma ?? direct);
      lanes.push({ ...lane, contender, direct: yardstick });
    }
  }
  return lanes;
}

function httpLane(
  name: string,
  workload: Workload,
  wire: Wire,
  port: number,
  headers: Readonly<Record<string, string>>,
): Lane {
  const body = workload.body(wire) ?? '';
  const request = bytesOf({ port, path: pathOf(wire), headers, body });
  return {
    ...{ name, wire, contender: null, direct: null },
    connect: async (count) => {
      const clients = await Promise.all(
        Array.from({ length: count }, () => HttpConnection.open(port, request)),
      );
      return {
        clients,
        close: () => {
          for (const client of clients) client.close();
        },
      };
    },
  };
}

async function lingmaLane(ours: Lane, upstream: Upstream): Promise<Lane> {
  const crowd = await ours.connect(1);
  await upstream.report();
  await crowd.clients[0]?.turn(false);
  crowd.close();
  const { lastPrompt } = await upstream.report();
  return {
    name: `direct, Lingma (as ${ours.wire})`,
    ...{ wire: 'lingma', contender: null, direct: null },
    connect: async (count) => {
      const link = await LingmaLink.open(upstream.port);
      return {
        clients: Array.from({ length: count }, () => link.connection(lastPrompt)),
        close: () => {
          link.close();
        },
      };
    },
  };
}
