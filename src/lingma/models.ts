/** The model catalogue: what `config/queryModels` lists, read tolerantly (protocol §5). */
import { isRecord } from '../base/json';

export interface Model {
  /** The internal key: what the process selects a model by, and the id clients use. */
  readonly id: string;
  readonly name: string;
  /** Scenes that offer it, sorted; empty when the process did not say. */
  readonly scenes: readonly string[];
  readonly reasoning: boolean;
  /** Whether it takes images; undefined when the process did not say. */
  readonly vision: boolean | undefined;
  /** Scenes whose default it is; `''` when it came without a scene. */
  readonly defaultIn: readonly string[];
}

/** Stands in when a process lists nothing; an empty key lets it choose for itself. */
const FALLBACK: Model = {
  id: 'lingma',
  name: 'Lingma',
  scenes: [],
  reasoning: false,
  vision: undefined,
  defaultIn: [''],
};

/** Scenes whose default suits a conversation, best first; `inline` completes code instead. */
const CONVERSATION_SCENES = ['chat', 'assistant', '', 'developer', 'quest'];

/** Ids preferred as the default when the process marks none, best first. */
const USUAL_DEFAULTS = ['org_auto', 'auto', 'dashscope_qwen3_coder_default'];

/**
 * Every model in a `config/queryModels` result, sorted by id and without duplicates. Object keys
 * are walked in sorted order and the first entry wins, so that the same answer always gives the
 * same catalogue. `url` and `apiKey` of the entries are never read.
 */
export function readModels(result: unknown): Model[] {
  const found = new Map<string, Model>();
  walk(result, undefined, found);
  if (found.size === 0) return [FALLBACK];
  return [...found.values()].sort((left, right) => (left.id < right.id ? -1 : 1));
}

/** The model that answers when a client does not care. */
export function defaultModel(models: readonly Model[]): Model {
  const marked = CONVERSATION_SCENES.map((scene) =>
    models.find(({ defaultIn }) => defaultIn.includes(scene)),
  );
  const usual = USUAL_DEFAULTS.map((id) => models.find((model) => model.id === id));
  const talks = models.find(({ scenes }) => scenes.some((scene) => scene !== 'inline'));
  return [...marked, ...usual].find(Boolean) ?? talks ?? models[0] ?? FALLBACK;
}

/** What `modelConfig.key` gets: the fallback has no key of its own. */
export function modelKey(model: Model): string {
  return model === FALLBACK ? '' : model.id;
}

function walk(value: unknown, scene: string | undefined, found: Map<string, Model>): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, scene, found);
    return;
  }
  if (!isRecord(value)) return;
  const model = readModel(value, scene);
  if (model) {
    const known = found.get(model.id);
    found.set(model.id, known ? merge(known, model) : model);
    return;
  }
  for (const key of Object.keys(value).sort()) walk(value[key], key, found);
}

function readModel(value: Record<string, unknown>, scene: string | undefined): Model | undefined {
  const id = firstText(value, ['key', 'modelId', 'id']);
  const name = firstText(value, ['displayName', 'name', 'label', 'title']);
  if (!id) return undefined;
  // Many things have an id; without a name only what looks like a model counts (protocol §5).
  if (!name && !/qwen|model|auto|coder/i.test(id)) return undefined;
  const ownScene = firstText(value, ['scene', 'sceneId', 'category']) ?? scene;
  return {
    id,
    name: name ?? id,
    scenes: ownScene ? [ownScene] : [],
    reasoning: value['isReasoning'] === true,
    vision: typeof value['isVl'] === 'boolean' ? value['isVl'] : undefined,
    defaultIn: value['isDefault'] === true ? [ownScene ?? ''] : [],
  };
}

function merge(known: Model, again: Model): Model {
  return {
    ...known,
    vision: known.vision ?? again.vision,
    scenes: [...new Set([...known.scenes, ...again.scenes])].sort(),
    defaultIn: [...new Set([...known.defaultIn, ...again.defaultIn])].sort(),
  };
}

function firstText(value: Record<string, unknown>, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const text = value[key];
    if (typeof text === 'string' && text.trim()) return text.trim();
  }
  return undefined;
}
