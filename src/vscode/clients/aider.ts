import { type FileClient, openAiBase } from './client';
import { inHome } from './places';
import { setYamlKeys } from './yamlText';

/** Aider tells a server of its own choice by `openai/` in front of the model's name. */
export const aider: FileClient = {
  kind: 'file',
  id: 'aider',
  title: 'Aider',
  describe: (t) => t('Sets the address, the key and the model for all your projects.'),
  target: (places) => inHome(places, '.aider.conf.yml'),
  inWorkspace: false,
  holdsKey: true,
  edit: (text, facts) =>
    setYamlKeys(text ?? '', {
      'openai-api-base': openAiBase(facts),
      'openai-api-key': facts.apiKey,
      model: `openai/${facts.models[0].id}`,
    }),
  next: (_, t) => t('Start “aider” anew. A configuration in a project goes before this one.'),
};
