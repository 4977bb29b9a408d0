/**
 * `npm run bench`: what the gateway costs. Prints figures as Markdown and asserts nothing about
 * them; only wrong answers and failed turns end it with an error.
 */
import { activationMethod, reportActivation } from './activation';
import { reportBundles } from './bundles';
import { DirectClient } from './directClient';
import { GatewayClient } from './gatewayClient';
import { type GatewayProcess, startGateway } from './gatewayProcess';
import { latencyMethod, reportLatency } from './latency';
import { loadNow, machineFacts } from './machine';
import { heading, say } from './report';
import { reportThroughput, throughputMethod } from './throughput';

async function main(): Promise<void> {
  const beganMs = performance.now();
  say('# Lingma Gateway benchmark\n');
  for (const fact of machineFacts()) say(fact);
  say(`- Load averages before: ${loadNow()}`);

  const gateway = await startGateway();
  try {
    await reportTurns(gateway);
  } finally {
    await gateway.stop();
  }

  heading('Activation');
  const loaded = await reportActivation();
  say(`\n${activationMethod}`);
  heading('Bundles');
  reportBundles(loaded);

  const seconds = Math.round((performance.now() - beganMs) / 1000);
  say(`\nLoad averages after ${seconds} s: ${loadNow()}`);
}

async function reportTurns(gateway: GatewayProcess): Promise<void> {
  const http = await GatewayClient.connect(gateway, 1);
  const direct = await DirectClient.connect(gateway.demoPort, http.model);
  try {
    heading('Added latency');
    await reportLatency(direct, http);
    say(`\n${latencyMethod}`);
    heading('Throughput');
    await reportThroughput(gateway, direct);
    say(`\n${throughputMethod}`);
  } finally {
    direct.close();
    await http.close();
  }
}

main().catch((error: unknown) => {
  process.stderr.write(
    `${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
});
