import { readFileSync } from 'node:fs';
import { isObject } from './jsonRpc';
import { UsageError } from './knobs';

/** The answer to `config/queryModels` and what the demo itself needs of it (protocol §5). */
export interface ModelCatalogue {
  /** Sent as it stands. */
  readonly answer: unknown;
  /** Internal keys, with whether the model thinks first. */
  readonly reasoning: ReadonlyMap<string, boolean>;
}

const samples = [
  { key: 'org_auto', displayName: 'Auto', isReasoning: false, isDefault: true, isVl: true },
  { key: 'dashscope_qwen3_coder', displayName: 'Qwen3-Coder', isReasoning: false },
  {
    key: 'dashscope_qwen_plus_20250428_thinking',
    displayName: 'Qwen-Plus Thinking',
    isReasoning: true,
  },
  { key: 'kmodel', displayName: 'Kimi-K2.6', isReasoning: false, isVl: true },
].map((model) => ({
  ...model,
  isDefault: model.isDefault ?? false,
  isVl: model.isVl ?? false,
  format: 'openai',
  source: 'system',
  model: '',
  url: '',
  apiKey: '',
}));

/** Collects every object with an internal key, whatever list or scene it stands in. */
function collect(value: unknown, found: Map<string, boolean>): Map<string, boolean> {
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found);
  } else if (isObject(value)) {
    const key = [value['key'], value['modelId'], value['id']].find((id) => typeof id === 'string');
    if (key !== undefined) found.set(key, value['isReasoning'] === true);
    for (const item of Object.values(value)) collect(item, found);
  }
  return found;
}

/** The built-in list: the same four models in every scene. */
export function sampleModels(): ModelCatalogue {
  const scenes = ['assistant', 'chat', 'developer', 'inline', 'quest'];
  const answer = Object.fromEntries(scenes.map((scene) => [scene, samples]));
  return { answer, reasoning: collect(answer, new Map()) };
}

/** Reads the list of the `models` knob. Throws {@link UsageError} when the file is not JSON. */
export function readModels(file: string): ModelCatalogue {
  try {
    const answer = JSON.parse(readFileSync(file, 'utf8')) as unknown;
    return { answer, reasoning: collect(answer, new Map()) };
  } catch (error) {
    throw new UsageError(`model list ${file}: ${String(error)}`);
  }
}
