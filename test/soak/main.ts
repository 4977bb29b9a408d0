/**
 * `npm run soak [-- --seconds N --seed N]`: many conversations for a long time while processes are
 * killed and stalled. Nothing may be lost or mixed; prints what happened and ends with 1 if anything
 * was.
 */
import { parseArgs } from 'node:util';
import { Soak } from './soak';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '600' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    },
  });
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
  if (!(seconds > 0) || !Number.isInteger(seed)) {
    throw new Error('--seconds takes a positive number, --seed a whole one');
  }
  const soak = await Soak.launch(seed);
  const problems = await soak.run(seconds * 1000);
  if (problems.length === 0) return;
  process.stderr.write(`${problems.slice(0, 20).join('\n')}\n`);
  process.exitCode = 1;
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
