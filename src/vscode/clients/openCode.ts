import { join } from 'node:path';
import { type FileClient, openAiBase, PROVIDER_ID, PROVIDER_NAME } from './client';
import type { Entry } from './edit';
import { readJson, setJson } from './jsonc';
import { configFolder, firstThere } from './places';
import { valueAt } from './edit';

/** OpenCode reads `opencode.json` or `opencode.jsonc`, both with comments. */
export const openCode: FileClient = {
  kind: 'file',
  id: 'openCode',
  title: 'OpenCode',
  describe: (t) => t('Adds the gateway as a provider with all its models.'),
  target: (places) => {
    const folder = join(configFolder(places), 'opencode');
    return firstThere(places, join(folder, 'opencode.json'), join(folder, 'opencode.jsonc'));
  },
  inWorkspace: false,
  holdsKey: true,
  edit: (text, facts) => {
    const provider = (path: readonly string[], value: unknown): Entry => ({
      path: ['provider', PROVIDER_ID, ...path],
      value,
    });
    const current = readJson(text);
    const models = facts.models.filter(
      ({ id }) => valueAt(current, ['provider', PROVIDER_ID, 'models', id]) === undefined,
    );
    return setJson(text, [
      ...(text === null || text.trim() === ''
        ? [{ path: ['$schema'], value: 'https://opencode.ai/config.json' } satisfies Entry]
        : []),
      provider(['npm'], '@ai-sdk/openai-compatible'),
      provider(['name'], PROVIDER_NAME),
      provider(['options', 'baseURL'], openAiBase(facts)),
      provider(['options', 'apiKey'], facts.apiKey),
      // What the user has set for a model stays.
      ...models.map(({ id, name }) => provider(['models', id], { name })),
    ]);
  },
  next: ({ models: [model] }, t) =>
    t(
      'Choose {0} with /models in OpenCode, or start “opencode -m {0}”.',
      `${PROVIDER_ID}/${model.id}`,
    ),
};
