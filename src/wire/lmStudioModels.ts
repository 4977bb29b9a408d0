/** Models as LM Studio lists them (`GET /api/v1/models`). */
import type { ListedModel } from './listedModel';

/**
 * Every model counts as loaded, under its own key. What only files on a disk have is null or 0, and
 * so is the context length: Lingma does not tell it.
 */
export function lmStudioModels(models: readonly ListedModel[]): object {
  return {
    models: models.map(({ id, name, vision }) => ({
      type: 'llm',
      publisher: 'lingma',
      key: id,
      display_name: name,
      architecture: null,
      quantization: null,
      size_bytes: 0,
      params_string: null,
      loaded_instances: [{ id, config: {} }],
      max_context_length: 0,
      format: null,
      capabilities: { vision: vision !== false, trained_for_tool_use: true },
      description: null,
    })),
  };
}
