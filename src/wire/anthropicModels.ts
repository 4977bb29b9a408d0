/** Models as Anthropic lists them. */
import type { ModelInfo } from '@anthropic-ai/sdk/resources/models';
import { CREATED_AT, type ListedModel } from './listedModel';
import { pageOf } from './paging';

/** What Lingma does not tell is left out or null; `line` and `lifecycle` are Anthropic's own. */
type ModelBody = Pick<ModelInfo, 'type' | 'id' | 'display_name' | 'created_at'>;

/**
 * `GET /v1/models`, page by page (`limit`, `after_id`, `before_id`). Throws `invalid_request`
 * naming the parameter.
 */
export function anthropicModelPage(
  models: readonly ListedModel[],
  query: URLSearchParams,
): { data: ModelBody[]; has_more: boolean; first_id: string | null; last_id: string | null } {
  const { items, hasMore } = pageOf(models, query, {
    after: 'after_id',
    before: 'before_id',
    defaultLimit: 20,
    maxLimit: 1_000,
  });
  return {
    data: items.map(anthropicModel),
    has_more: hasMore,
    first_id: items[0]?.id ?? null,
    last_id: items.at(-1)?.id ?? null,
  };
}

/** `GET /v1/models/{id}`. */
export function anthropicModel({ id, name }: ListedModel): ModelBody {
  return { type: 'model', id, display_name: name, created_at: CREATED_AT };
}
