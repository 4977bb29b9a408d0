/**
 * `npm run bench:peers`: ours beside other gateways, and what a turn costs as conversations grow.
 * Prints Markdown; the full run also writes docs/performance.md. `--quick` is for a first look,
 * `--only peers|growth` runs one half; neither writes. Only wrong answers end it with an error.
 */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { format } from 'prettier';
import { loadNow, machineFacts } from '../machine';
import { projectFolder } from '../paths';
import { heading, say, transcript } from '../report';
import { type Goal, reportGoals } from './goals';
import { type GrowthExtent, reportGrowth } from './growth';
import { peers } from './peers';
import { type Extent, reportSideBySide } from './sideBySide';
import { Upstream } from './upstreamProcess';

const full: Extent & GrowthExtent = {
  ...{ rounds: 5, warmUpMs: 200, measureMs: 900, pacedRounds: 5, recoverMs: 15_000 },
  ...{ warmUpTurns: 2_000, warmUpLimitMs: 5_000 },
  ...{ conversations: 100, sessions: 10_000 },
};
const quick: Extent & GrowthExtent = {
  ...{ rounds: 3, warmUpMs: 50, measureMs: 250, pacedRounds: 1, recoverMs: 3_000 },
  ...{ warmUpTurns: 500, warmUpLimitMs: 1_000 },
  ...{ conversations: 20, sessions: 2_000 },
};

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, only: { type: 'string' } },
  });
  const { only } = values;
  const extent = values.quick ? quick : full;
  const beganMs = performance.now();
  const goals: Goal[] = [];
  say('# Performance\n');
  say('Written by `npm run bench:peers`; not edited by hand.\n');
  for (const fact of machineFacts()) say(fact);
  const versions = peers.map(({ package: { name, version } }) => `${name} ${version}`);
  say(`- Peers: ${versions.join(', ')}`);
  say(`- Load averages before: ${loadNow()}`);

  const upstream = await Upstream.start();
  try {
    if (only !== 'growth') {
      heading('Method');
      say(methodOf(extent));
      goals.push(...(await reportSideBySide(upstream, extent)));
    }
    if (only !== 'peers') goals.push(...(await reportGrowth(upstream, extent)));
  } finally {
    await upstream.stop();
  }
  heading('Goals');
  reportGoals(goals);
  const seconds = Math.round((performance.now() - beganMs) / 1000);
  say(`\nLoad averages after ${seconds} s: ${loadNow()}`);

  if (!values.quick && only === undefined) {
    const file = path.join(projectFolder, 'docs', 'performance.md');
    const text = await format(transcript(), { parser: 'markdown', printWidth: 100 });
    writeFileSync(file, text);
  }
}

function methodOf({ rounds, measureMs, warmUpMs, pacedRounds }: Extent): string {
  return (
    'Ours and the peers run side by side in front of one fake upstream, a process that speaks Chat ' +
    'Completions and Messages over HTTP and Lingma’s protocol over WebSocket; one client process ' +
    'asks them all, over keep-alive connections with one request at a time on each. Direct is the ' +
    'same client on the upstream itself, over the protocol that the gateway in question speaks to ' +
    'it: HTTP for the peers, Lingma’s for ours, with the very prompt that ours makes of the body. ' +
    'Added is the difference to that within a round. The bare hop reads JSON, asks Lingma and ' +
    'answers, with nothing of a gateway in it: the share of Node in what ours costs. Every turn of ours opens a session, which is ' +
    'deleted later. ccproxy and claude-code-router turn Messages into Chat Completions, portkey ' +
    `passes both on. Medians of ${rounds} rounds of ${measureMs} ms after ${warmUpMs} ms of ` +
    `warm-up, lane after lane (streams: ${pacedRounds}); CPU time of the gateway alone, over all ` +
    'rounds. Client, upstream and all gateways share the machine.'
  );
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
