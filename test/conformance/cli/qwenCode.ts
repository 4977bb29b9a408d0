import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { qwenCode } from '../../../scripts/conformance/clients.mjs';
import { clientProgram } from '../../../scripts/conformance/install.mjs';
import type { CliClient } from './client';

export const qwenCodeClient: CliClient = {
  name: 'Qwen Code',
  version: qwenCode.version,
  endpoint: '/v1/chat/completions',
  modes: ['streamed'],
  without: {},
  command: () => [process.execPath, clientProgram(qwenCode)],
  setUp: ({ home, baseUrl, apiKey }) => {
    mkdirSync(path.join(home, '.qwen'));
    const settings = { privacy: { usageStatisticsEnabled: false }, telemetry: { enabled: false } };
    writeFileSync(path.join(home, '.qwen', 'settings.json'), JSON.stringify(settings));
    return {
      OPENAI_BASE_URL: `${baseUrl}/v1`,
      OPENAI_API_KEY: apiKey,
      OPENAI_MODEL: 'gpt-5',
    };
  },
  args: (prompt, { again, detailed }) => [
    '--auth-type',
    'openai',
    '--yolo',
    ...(again ? ['-c'] : []),
    ...(detailed ? ['--output-format', 'json'] : []),
    '-p',
    prompt,
  ],
  shell: (command) => ({
    tool: 'run_shell_command',
    parameters: { command, is_background: false },
  }),
  sideRequest: 'You are now acting as the managed memory extraction subagent',
  listsFolder: true,
  givesUp: true,
  // It sends even calls to 127.0.0.1 to a proxy.
  honoursNoProxy: false,
  patienceSeconds: 90,
};
