/** What a long tool loop costs upstream: with sessions, and without any in the same run. */
import { heading, kib, say, table } from '../report';
import { Client } from './client';
import { IdealCache } from './ideal';
import { OurGateway } from './ours';
import { ToolChat } from './toolChat';

const STEPS = 50;
const RESULT_LENGTH = 1_000;
/** The stateless cost per byte of ours, at least (issue 3). */
const GOAL = 10;

export async function reportUpstreamBytes(): Promise<void> {
  heading(`Upstream bytes of a tool loop of ${STEPS} turns`);
  const ours = await loop([]);
  const stateless = await loop(['--session-max', '0']);
  table(
    ['gateway', 'prompt bytes'],
    [
      ['ours', kib(ours)],
      ['stateless (ours with --session-max 0)', kib(stateless)],
    ],
  );
  const times = stateless / ours;
  say();
  say(
    `- ${times.toFixed(1)} × less, goal ≥ ${GOAL} ×: ${times >= GOAL ? '**met**' : '**missed**'}`,
  );
}

async function loop(flags: readonly string[]): Promise<number> {
  const gateway = await OurGateway.launch({ flags });
  try {
    const client = new Client(gateway, new IdealCache({ max: 1, ttlMs: 0 }));
    const options = { steps: STEPS, resultLength: RESULT_LENGTH, stream: true };
    const chat = new ToolChat('loop', client, options);
    for (let step = 0; step < STEPS; step++) await chat.round(step);
    if (client.failures > 0) throw new Error(`${client.failures} turns of the tool loop failed`);
    return gateway.upstreamBytes();
  } finally {
    await gateway.stop();
  }
}
