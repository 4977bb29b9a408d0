/** The machine the figures come from, without which they say nothing. */
import { arch, availableParallelism, cpus, loadavg, platform, release, totalmem } from 'node:os';

export function machineFacts(): string[] {
  const model = cpus()[0]?.model.trim() ?? '';
  return [
    `- CPU: ${model || 'unknown model'}, ${availableParallelism()} cores; ` +
      `${(totalmem() / 2 ** 30).toFixed(1)} GiB RAM`,
    `- System: ${platform()} ${release()} ${arch()}, Node ${process.version}`,
  ];
}

/** Load averages over 1, 5 and 15 minutes. */
export function loadNow(): string {
  const [lastMinute = 0] = loadavg();
  const figures = loadavg().map((value) => value.toFixed(2));
  const busy = lastMinute > availableParallelism() ? ' (more than cores: the figures suffer)' : '';
  return `${figures.join(', ')}${busy}`;
}
