import { join } from 'node:path';
import { isRecord } from '../../base/json';
import { type FileClient, KEY_VARIABLE, openAiBase, PROVIDER_ID } from './client';
import { inTurn, valueAt } from './edit';
import { appendJson, readJson, setJson } from './jsonc';
import { configFolder, folderFrom } from './places';

const PROVIDER = ['language_models', 'openai_compatible', PROVIDER_ID] as const;

/** Lingma states no limit; Zed shortens conversations to this one (see chatModels.ts). */
const MAX_TOKENS = 128_000;

/** Zed keeps keys in the system's keychain, or takes them from a variable named after the provider. */
export const zed: FileClient = {
  kind: 'file',
  id: 'zed',
  title: 'Zed',
  describe: (t) => t('Adds the gateway as a provider with all its models.'),
  target: (places) => {
    const folder =
      places.platform === 'win32'
        ? join(folderFrom('APPDATA', places, 'AppData', 'Roaming'), 'Zed')
        : places.platform === 'darwin'
          ? join(places.home, '.config', 'zed')
          : join(configFolder(places), 'zed');
    return { kind: 'file', path: join(folder, 'settings.json') };
  },
  inWorkspace: false,
  holdsKey: false,
  edit: (text, facts) => {
    const list = [...PROVIDER, 'available_models'] as const;
    const present = valueAt(readJson(text), list);
    const models: readonly unknown[] = Array.isArray(present) ? present : [];
    const names = models.map((model) => (isRecord(model) ? model['name'] : undefined));
    const missing = facts.models
      .filter(({ id }) => !names.includes(id))
      .map(({ id, name }) => ({ name: id, display_name: name, max_tokens: MAX_TOKENS }));
    return inTurn(text ?? '', [
      (current) => setJson(current, [{ path: [...PROVIDER, 'api_url'], value: openAiBase(facts) }]),
      (current) => appendJson(current, list, missing),
    ]);
  },
  next: (_, t) =>
    t(
      'Zed keeps keys itself: paste the API key under {0} in its settings of language models, or start Zed with the variable {1}.',
      PROVIDER_ID,
      KEY_VARIABLE,
    ),
};
