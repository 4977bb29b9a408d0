import { type FileClient, openAiBase } from './client';
import { setJson } from './jsonc';
import { inHome } from './places';

/** Qwen Code's settings of the user. */
export const qwenCode: FileClient = {
  kind: 'file',
  id: 'qwenCode',
  title: 'Qwen Code',
  describe: (t) => t('Sets the address, the key and the model for all your projects.'),
  target: (places) => inHome(places, '.qwen', 'settings.json'),
  inWorkspace: false,
  holdsKey: true,
  edit: (text, facts) =>
    setJson(text, [
      { path: ['security', 'auth', 'selectedType'], value: 'openai' },
      { path: ['security', 'auth', 'apiKey'], value: facts.apiKey },
      { path: ['security', 'auth', 'baseUrl'], value: openAiBase(facts) },
      { path: ['model', 'name'], value: facts.models[0].id },
    ]),
  next: (_, t) => t('Start “qwen” anew. Variables such as OPENAI_BASE_URL go before this file.'),
};
