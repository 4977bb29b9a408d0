/**
 * `npm run bench:reuse`: the proof of session-reuse.md. `--quick` runs a fifth of the chats,
 * `--seed N` other conversations, `--only TEXT` the workloads with that in their name. Ends with an error when a goal of §3 is missed; figures that
 * depend on the machine are told, not asserted.
 */
import { parseArgs } from 'node:util';
import { loadNow, machineFacts } from './machine';
import { say } from './report';
import { reportCost } from './reuse/cost';
import { reportFidelity } from './reuse/fidelity';
import { reportMemory } from './reuse/memory';
import { reportTimeToFirstToken } from './reuse/ttft';
import { reportUpstreamBytes } from './reuse/upstreamBytes';

const DEFAULT_SEED = 20_260_701;
const QUICK_SCALE = 0.2;
const TTFT_CHATS = 3;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      seed: { type: 'string' },
      only: { type: 'string' },
    },
  });
  const seed = values.seed === undefined ? DEFAULT_SEED : Number(values.seed);
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed takes a whole number`);
  const beganMs = performance.now();
  say('# Session reuse benchmark\n');
  for (const fact of machineFacts()) say(fact);
  say(`- Seed: ${seed}${values.quick ? ', quick run' : ''}`);
  say(`- Load averages before: ${loadNow()}`);

  const { only } = values;
  const scale = values.quick ? QUICK_SCALE : 1;
  const met = await reportFidelity({ scale, seed, only: only ?? '' });
  if (only === undefined) {
    await reportUpstreamBytes();
    await reportTimeToFirstToken(values.quick ? 1 : TTFT_CHATS);
    reportCost();
    reportMemory();
  }

  const seconds = Math.round((performance.now() - beganMs) / 1000);
  say(`\nLoad averages after ${seconds} s: ${loadNow()}`);
  if (!met) process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
