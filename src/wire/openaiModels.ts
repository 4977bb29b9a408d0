/** `GET /v1/models` as OpenAI lists models. */

export interface ListedModel {
  readonly id: string;
  readonly name: string;
}

/** The list; `createdSeconds` is one stable moment, since models have no date of their own. */
export function openAiModelList(models: readonly ListedModel[], createdSeconds: number): object {
  return {
    object: 'list',
    data: models.map(({ id, name }) => ({
      id,
      object: 'model',
      created: createdSeconds,
      owned_by: 'lingma',
      display_name: name,
    })),
  };
}
