import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { codex } from '../../../scripts/conformance/clients.mjs';
import { clientProgram } from '../../../scripts/conformance/install.mjs';
import type { CliClient } from './client';

/** Without the last section every run waits five seconds for a server it cannot reach. */
const config = (baseUrl: string): string => `
model = "gpt-5"
model_provider = "gateway"
model_reasoning_effort = "medium"
model_reasoning_summary = "auto"

[model_providers.gateway]
name = "Lingma Gateway"
base_url = "${baseUrl}/v1"
env_key = "GATEWAY_KEY"
wire_api = "responses"

[analytics]
enabled = false
`;

export const codexClient: CliClient = {
  name: 'Codex',
  version: codex.version,
  endpoint: '/v1/responses',
  modes: ['streamed'],
  without: {},
  command: () => [process.execPath, clientProgram(codex)],
  setUp: ({ home, baseUrl, apiKey }) => {
    mkdirSync(path.join(home, '.codex'));
    writeFileSync(path.join(home, '.codex', 'config.toml'), config(baseUrl));
    return { GATEWAY_KEY: apiKey };
  },
  args: (prompt, { again, detailed }) => [
    'exec',
    ...(again ? ['resume', '--last'] : []),
    '--skip-git-repo-check',
    '--dangerously-bypass-approvals-and-sandbox',
    ...(detailed ? ['--json'] : []),
    prompt,
  ],
  shell: (cmd) => ({ tool: 'exec_command', parameters: { cmd } }),
  returnsThoughts: true,
  givesUp: true,
  honoursNoProxy: true,
  patienceSeconds: 60,
};
