import { join } from 'node:path';
import type { FileClient } from './client';
import { setJson } from './jsonc';
import { folderFrom } from './places';

/**
 * Claude Code takes variables from `env` of its settings. The token travels as a bearer key, which
 * it uses without asking, unlike a new ANTHROPIC_API_KEY.
 */
export const claudeCode: FileClient = {
  kind: 'file',
  id: 'claudeCode',
  title: 'Claude Code',
  describe: (t) => t('Sets the address and the key for all your projects.'),
  target: (places) => ({
    kind: 'file',
    path: join(folderFrom('CLAUDE_CONFIG_DIR', places, '.claude'), 'settings.json'),
  }),
  inWorkspace: false,
  holdsKey: true,
  edit: (text, { baseUrl, apiKey }) =>
    setJson(text, [
      { path: ['env', 'ANTHROPIC_BASE_URL'], value: baseUrl },
      { path: ['env', 'ANTHROPIC_AUTH_TOKEN'], value: apiKey },
    ]),
  next: (_, t) => t('Start “claude” anew. It answers through the gateway in every project.'),
};
