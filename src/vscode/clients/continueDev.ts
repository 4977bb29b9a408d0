import { join } from 'node:path';
import { type FileClient, openAiBase, PROVIDER_NAME } from './client';
import { inTurn } from './edit';
import { folderFrom } from './places';
import { setYamlItem, setYamlKeys } from './yamlText';

/** What a configuration of Continue has to begin with. */
const HEADER = { name: 'Local Config', version: '1.0.0', schema: 'v1' };

/** Continue's configuration of the user, for the editor and the command line alike. */
export const continueDev: FileClient = {
  kind: 'file',
  id: 'continue',
  title: 'Continue',
  describe: (t) => t('Adds the gateway’s default model.'),
  target: (places, t) => {
    const { exists } = places;
    const folder = folderFrom('CONTINUE_GLOBAL_DIR', places, '.continue');
    const path = join(folder, 'config.yaml');
    // Continue ignores the older file as soon as there is the newer one.
    if (!exists(path) && exists(join(folder, 'config.json'))) {
      return {
        kind: 'none',
        reason: t(
          'Your Continue still uses config.json. Let Continue convert it to config.yaml, then try again.',
        ),
      };
    }
    return { kind: 'file', path };
  },
  inWorkspace: false,
  holdsKey: true,
  edit: (text, facts) => {
    const fresh = text === null || text.trim() === '';
    return inTurn(text ?? '', [
      (current) => setYamlKeys(current, fresh ? HEADER : {}),
      (current) =>
        setYamlItem(current, 'models', {
          name: PROVIDER_NAME,
          kept: { provider: 'openai', apiBase: openAiBase(facts), apiKey: facts.apiKey },
          initial: {
            model: facts.models[0].id,
            roles: ['chat', 'edit', 'apply'],
            capabilities: ['tool_use'],
          },
        }),
    ]);
  },
  next: (_, t) => t('Choose the model “{0}” in Continue.', PROVIDER_NAME),
};
