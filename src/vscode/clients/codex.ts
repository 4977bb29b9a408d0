import { join } from 'node:path';
import { type FileClient, KEY_VARIABLE, openAiBase, PROVIDER_ID, PROVIDER_NAME } from './client';
import { folderFrom } from './places';
import { setToml, type TomlEntry } from './toml';

/** Codex takes the key from a variable and speaks the Responses API only. */
export const codex: FileClient = {
  kind: 'file',
  id: 'codex',
  title: 'Codex',
  describe: (t) => t('Adds the gateway as a provider and chooses it.'),
  target: (places) => ({
    kind: 'file',
    path: join(folderFrom('CODEX_HOME', places, '.codex'), 'config.toml'),
  }),
  inWorkspace: false,
  holdsKey: false,
  edit: (text, facts) => {
    const provider = (key: string, value: string): TomlEntry => ({
      path: ['model_providers', PROVIDER_ID, key],
      value,
    });
    return setToml(text, [
      { path: ['model'], value: facts.models[0].id },
      { path: ['model_provider'], value: PROVIDER_ID },
      provider('name', PROVIDER_NAME),
      provider('base_url', openAiBase(facts)),
      provider('env_key', KEY_VARIABLE),
      provider('wire_api', 'responses'),
    ]);
  },
  next: (_, t) =>
    t(
      'Codex reads the key from the variable {0}. Start “codex” in the gateway’s own terminal, which has it, or set it in your shell.',
      KEY_VARIABLE,
    ),
};
