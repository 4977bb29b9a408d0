import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openCode } from '../../../scripts/conformance/clients.mjs';
import { clientProgram } from '../../../scripts/conformance/install.mjs';
import type { CliClient } from './client';

const MODEL = 'gpt-5';

export const openCodeClient: CliClient = {
  name: 'OpenCode',
  version: openCode.version,
  endpoint: '/v1/chat/completions',
  modes: ['streamed'],
  without: {},
  command: () => [clientProgram(openCode)],
  setUp: ({ home, baseUrl, apiKey }) => {
    const folder = path.join(home, '.config', 'opencode');
    mkdirSync(folder, { recursive: true });
    const provider = {
      npm: '@ai-sdk/openai-compatible',
      options: { baseURL: `${baseUrl}/v1`, apiKey },
      models: { [MODEL]: {} },
    };
    writeFileSync(
      path.join(folder, 'opencode.json'),
      JSON.stringify({ provider: { gateway: provider } }),
    );
    return { OPENCODE_DISABLE_AUTOUPDATE: '1', OPENCODE_DISABLE_MODELS_FETCH: '1' };
  },
  args: (prompt, { again, detailed }) => [
    'run',
    ...(again ? ['-c'] : []),
    '-m',
    `gateway/${MODEL}`,
    ...(detailed ? ['--format', 'json', '--thinking'] : []),
    prompt,
  ],
  shell: (command) => ({ tool: 'bash', parameters: { command, description: 'Look.' } }),
  sideRequest: 'You are a title generator',
  honoursNoProxy: true,
  patienceSeconds: 90,
};
