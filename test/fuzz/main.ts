/**
 * `npm run fuzz [-- --inputs N --seed N --target NAME]`: random inputs for everything that reads
 * foreign text. Prints what was tried, and ends with 1 after inputs that fail.
 */
import { parseArgs } from 'node:util';
import { Finding, fuzz } from './fuzzer';
import { steepFamilies } from './growth';
import { allTargets } from './targets';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      inputs: { type: 'string', default: '1000000' },
      seed: { type: 'string', default: String(Date.now() % 1_000_000) },
      target: { type: 'string' },
    },
  });
  const [inputs, seed] = [Number(values.inputs), Number(values.seed)];
  if (!(inputs > 0) || !Number.isInteger(seed)) {
    throw new Error('--inputs takes a positive number, --seed a whole one');
  }
  const every = await allTargets();
  const targets = every.filter(({ name }) => values.target === undefined || name === values.target);
  if (targets.length === 0)
    throw new Error(`--target takes ${every.map(({ name }) => name).join(', ')}`);
  say(`seed ${seed}\n`);
  say('| target | inputs | kept | blocks reached | seconds |');
  say('| :----- | -----: | ---: | -------------: | ------: |');
  const problems: string[] = [];
  for (const target of targets) {
    try {
      const campaign = fuzz(target, Math.ceil(inputs / targets.length), seed);
      const { inputs: tried, kept, blocks, ms } = campaign;
      say(`| ${[target.name, tried, kept, blocks, (ms / 1000).toFixed(1)].join(' | ')} |`);
    } catch (error) {
      if (!(error instanceof Finding)) throw error;
      problems.push(error.message);
      say(`| ${target.name} | fails | | | |`);
    }
  }
  const steep = targets.flatMap((target) => steepFamilies(target));
  say(
    `\ninputs that fail: ${problems.length}, times that grow faster than their input: ${steep.length}`,
  );
  problems.push(...steep);
  if (problems.length > 0) throw new Error(problems.join('\n\n'));
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
