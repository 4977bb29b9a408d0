import { join } from 'node:path';
import type { FileClient } from './client';
import { setEnvBlock } from './dotenv';
import { environmentOf } from './environment';

/** The workspace's `.env`, for programs that read theirs from it. */
export const envFile: FileClient = {
  kind: 'file',
  id: 'envFile',
  title: '.env',
  describe: (t) => t('Writes the variables of OpenAI and Anthropic clients into the workspace.'),
  target: ({ workspace }, t) =>
    workspace === undefined
      ? { kind: 'none', reason: t('Open a folder first: the .env file belongs to a workspace.') }
      : { kind: 'file', path: join(workspace, '.env') },
  inWorkspace: true,
  holdsKey: true,
  edit: (text, { baseUrl, apiKey, models: [model] }) =>
    setEnvBlock(text, environmentOf({ baseUrl, apiKey, model: model.id })),
  next: (_, t) => t('The file holds your key: keep it out of version control.'),
};
