import { claudeCode } from '../../../scripts/conformance/clients.mjs';
import { clientProgram } from '../../../scripts/conformance/install.mjs';
import type { CliClient } from './client';

export const claudeCodeClient: CliClient = {
  name: 'Claude Code',
  version: claudeCode.version,
  endpoint: '/v1/messages',
  modes: ['streamed'],
  without: {},
  command: () => [clientProgram(claudeCode)],
  setUp: ({ baseUrl, apiKey }) => ({
    ANTHROPIC_BASE_URL: baseUrl,
    ANTHROPIC_API_KEY: apiKey,
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: '1',
    DISABLE_AUTOUPDATER: '1',
  }),
  args: (prompt, { again, detailed }) => [
    ...(again ? ['-c'] : []),
    '-p',
    prompt,
    '--allowedTools',
    'Bash',
    ...(detailed ? ['--output-format', 'stream-json', '--verbose'] : []),
  ],
  shell: (command) => ({ tool: 'Bash', parameters: { command, description: 'Look.' } }),
  returnsThoughts: true,
  honoursNoProxy: true,
  patienceSeconds: 60,
};
