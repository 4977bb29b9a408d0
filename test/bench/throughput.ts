/** Requests per second, with as many clients as connections and one request at a time on each. */
import { type Crowd, directCrowd, freshCrowd, talkingCrowd, turnsPerConversation } from './crowds';
import { cpuTimeMs } from './cpuTime';
import type { DirectClient } from './directClient';
import type { GatewayProcess } from './gatewayProcess';
import { ms, table } from './report';
import { median } from './statistics';

const rounds = 3;
const warmUpMs = 250;
const measureMs = 900;
const sizes = [1, 50] as const;

/** One crowd and what was measured of it, round by round. */
interface Lane {
  readonly crowd: Crowd;
  readonly perSecond: number[];
  /** CPU time the gateway spent on a request, in milliseconds. */
  readonly cpuMs: number[];
}

interface Workload {
  readonly name: string;
  readonly lanes: readonly Lane[];
}

/** Measures and prints new and continued conversations, and the demo alone for comparison. */
export async function reportThroughput(
  gateway: GatewayProcess,
  direct: DirectClient,
): Promise<void> {
  const workloads: Workload[] = [
    await workload('direct WebSocket: new session, then deleted', (size) =>
      Promise.resolve(directCrowd(direct, size)),
    ),
    await workload('gateway: new conversations', (size) => freshCrowd(gateway, size)),
    await workload(`gateway: conversations of ${turnsPerConversation} turns`, (size) =>
      talkingCrowd(gateway, size),
    ),
  ];
  const lanes = workloads.flatMap((of) => of.lanes);
  for (let round = 0; round < rounds; round++) {
    for (const lane of lanes) await measure(lane, gateway.pid);
  }
  for (const { crowd } of lanes) await crowd.close();
  table(
    ['requests/s', ...sizes.map((size) => `${size} at a time`), 'gateway CPU per request'],
    workloads.map(describe),
  );
}

/** How the figures above came about, in a sentence. */
export const throughputMethod =
  `Plain turns; medians of ${rounds} rounds of ${measureMs} ms after ${warmUpMs} ms of warm-up. ` +
  'One keep-alive connection per client, no limit of turns in flight, the default number of cached ' +
  'sessions (older ones are evicted and deleted on the way). Load generator, gateway and demo share ' +
  `the machine. CPU at ${sizes.join(' / ')} at a time.`;

async function workload(name: string, gather: (size: number) => Promise<Crowd>): Promise<Workload> {
  const crowds = await Promise.all(sizes.map(gather));
  return { name, lanes: crowds.map((crowd) => ({ crowd, perSecond: [], cpuMs: [] })) };
}

/** Runs the crowd's clients side by side for one round. */
async function measure({ crowd, perSecond, cpuMs }: Lane, gatewayPid: number): Promise<void> {
  const beganMs = performance.now();
  const fromMs = beganMs + warmUpMs;
  const untilMs = fromMs + measureMs;
  const cpuBeganMs = cpuTimeMs(gatewayPid);
  let all = 0;
  let counted = 0;
  const work = async (client: Crowd['clients'][number]): Promise<void> => {
    for (let now = beganMs; now < untilMs;) {
      await client();
      now = performance.now();
      all++;
      if (now >= fromMs && now < untilMs) counted++;
    }
  };
  await Promise.all(crowd.clients.map(work));
  perSecond.push((1000 * counted) / measureMs);
  const cpuEndedMs = cpuTimeMs(gatewayPid);
  if (cpuBeganMs !== undefined && cpuEndedMs !== undefined) {
    cpuMs.push((cpuEndedMs - cpuBeganMs) / all);
  }
}

function describe({ name, lanes }: Workload): string[] {
  const rates = lanes.map(
    ({ perSecond, crowd }) =>
      `${Math.round(median(perSecond)).toLocaleString('en')}${crowd.note()}`,
  );
  // No figure where the system tells none; zero where the gateway had nothing to do.
  const cpu = lanes.map(({ cpuMs }) => (cpuMs.length > 0 ? ms(median(cpuMs)) : '–'));
  return [name, ...rates, cpu.join(' / ')];
}
