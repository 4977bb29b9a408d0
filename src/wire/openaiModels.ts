/** Models as OpenAI lists them. */
import type { Model } from 'openai/resources/models';
import { CREATED_SECONDS, type ListedModel } from './listedModel';

/** What there is to say beyond the official shape stands in fields of its own. */
type ModelBody = Model & { readonly display_name: string; readonly alias_of?: string };

/**
 * `GET /v1/models`. Codex reads a catalogue of its own kind from `models` and takes an empty one
 * for none at all, where it would stumble over a missing one.
 */
export function openAiModelList(models: readonly ListedModel[]): object {
  return { object: 'list', data: models.map(openAiModel), models: [] };
}

/** `GET /v1/models/{id}`. */
export function openAiModel({ id, name, aliasOf }: ListedModel): ModelBody {
  return {
    id,
    object: 'model',
    created: CREATED_SECONDS,
    owned_by: 'lingma',
    display_name: name,
    ...(aliasOf === undefined ? {} : { alias_of: aliasOf }),
  };
}
