/**
 * `npm run load [-- --seconds N --streams N --conversations N --instances N --seed N]`: a launcher
 * under as many streams at a time, whose processes are killed all the while. Prints what happened,
 * and ends with 1 when an answer was lost or mixed up, or something of it all was left behind.
 */
import { parseArgs } from 'node:util';
import { Load } from './load';

const DEFAULTS = { seconds: 600, streams: 200, conversations: 2_000, instances: 4, seed: 1 };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string' },
      streams: { type: 'string' },
      conversations: { type: 'string' },
      instances: { type: 'string' },
      seed: { type: 'string' },
    },
  });
  const figure = (name: keyof typeof DEFAULTS): number => {
    const value = Number(values[name] ?? DEFAULTS[name]);
    if (!Number.isInteger(value) || value < 1)
      throw new Error(`--${name} takes a whole number above 0`);
    return value;
  };
  const load = await Load.launch({
    seconds: figure('seconds'),
    streams: figure('streams'),
    conversations: figure('conversations'),
    instances: figure('instances'),
    seed: figure('seed'),
  });
  const problems = await load.run();
  if (problems.length === 0) return;
  process.stderr.write(`${problems.slice(0, 20).join('\n')}\n`);
  process.exitCode = 1;
}

main().catch((error: unknown) => {
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${shown}\n`);
  process.exitCode = 1;
});
