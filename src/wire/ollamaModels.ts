/** Models as Ollama lists and describes them. */
import { hash } from 'node:crypto';
import * as v from 'valibot';
import { CREATED_AT, type ListedModel } from './listedModel';
import { parseWith } from './validation';

/**
 * The version of Ollama whose API this is. Clients ask for it and refuse to work with versions that
 * lack what they use (tools, thinking), so the gateway's own number would mislead them.
 */
export const OLLAMA_VERSION = '0.12.0';

const show = v.looseObject({ model: v.nullish(v.string()), name: v.nullish(v.string()) });

/** The body of `POST /api/show`; older clients write `name`. Throws `invalid_request`. */
export function showRequest(body: unknown): v.InferOutput<typeof show> {
  return parseWith(show, body);
}

/** Clients of Ollama put the tag `latest` behind a name that has none. */
export function ollamaModelName(name: string): string {
  return name.replace(/:latest$/, '');
}

/** `GET /api/tags`. */
export function ollamaTags(models: readonly ListedModel[]): object {
  return {
    models: models.map((model) => ({
      name: model.id,
      model: model.id,
      modified_at: CREATED_AT,
      size: 0,
      digest: hash('sha256', model.id, 'hex'),
      details: details(),
    })),
  };
}

/** `POST /api/show`. The length of the context is not in it: Lingma does not tell it. */
export function ollamaShow({ id, name, vision, reasoning }: ListedModel): object {
  return {
    license: '',
    modelfile: '',
    parameters: '',
    template: '',
    details: details(),
    model_info: { 'general.architecture': 'lingma', 'general.basename': name, 'general.name': id },
    capabilities: [
      'completion',
      'tools',
      ...(vision === false ? [] : ['vision']),
      ...(reasoning ? ['thinking'] : []),
    ],
    modified_at: CREATED_AT,
  };
}

function details(): object {
  return {
    parent_model: '',
    format: '',
    family: 'lingma',
    families: ['lingma'],
    parameter_size: '',
    quantization_level: '',
  };
}
