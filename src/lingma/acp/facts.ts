/** What an agent says of itself and of its sessions, read tolerantly (protocol §4b, §4c). */
import { isRecord } from '../../base/json';
import type { Model } from '../models';

/** What the answer to `initialize` tells that the gateway acts on. */
export interface AgentFacts {
  /** Whether prompts may hold pictures; undefined when it does not say. */
  readonly images: boolean | undefined;
  /** How it lets go of a session, if it offers that. */
  readonly release: 'session/delete' | 'session/close' | undefined;
}

/** How a session's model is chosen: by a method of its own, or as one of its options. */
export type ModelChoice =
  { readonly by: 'set_model' } | { readonly by: 'option'; readonly configId: string };

/** A session as `session/new` describes it. */
export interface NewSession {
  readonly id: string;
  readonly models: readonly Model[];
  /** The model it has now; empty when it does not say. */
  readonly modelId: string;
  readonly modelChoice: ModelChoice;
}

/** Reads the result of `initialize`. */
export function readAgentFacts(result: unknown): AgentFacts {
  const capabilities = record(record(result)['agentCapabilities']);
  const image = record(capabilities['promptCapabilities'])['image'];
  const sessions = record(capabilities['sessionCapabilities']);
  return {
    images: typeof image === 'boolean' ? image : undefined,
    release: isRecord(sessions['delete'])
      ? 'session/delete'
      : isRecord(sessions['close'])
        ? 'session/close'
        : undefined,
  };
}

/** Reads the result of `session/new`; undefined when it names no session. */
export function readNewSession(
  result: unknown,
  images: boolean | undefined,
): NewSession | undefined {
  const fields = record(result);
  const id = fields['sessionId'] ?? fields['id'];
  if (typeof id !== 'string' || id === '') return undefined;
  const own = record(fields['models']);
  if (Array.isArray(own['availableModels'])) {
    const modelId = text(own['currentModelId']);
    const models = toModels(own['availableModels'], 'modelId', modelId, images);
    return { id, models, modelId, modelChoice: { by: 'set_model' } };
  }
  const options = Array.isArray(fields['configOptions']) ? fields['configOptions'] : [];
  const option = options.map(record).find(({ category, type }) => {
    return category === 'model' && type === 'select';
  });
  if (option === undefined)
    return { id, models: [], modelId: '', modelChoice: { by: 'set_model' } };
  const modelId = text(option['currentValue']);
  const choices = Array.isArray(option['options']) ? option['options'].flatMap(ungrouped) : [];
  return {
    id,
    models: toModels(choices, 'value', modelId, images),
    modelId,
    modelChoice: { by: 'option', configId: text(option['id']) },
  };
}

function ungrouped(choice: unknown): unknown[] {
  const { options } = record(choice);
  return Array.isArray(options) ? options : [choice];
}

function toModels(
  entries: readonly unknown[],
  idField: string,
  current: string,
  images: boolean | undefined,
): Model[] {
  return entries.flatMap((entry): Model[] => {
    const fields = record(entry);
    const id = text(fields[idField]);
    if (!id) return [];
    return [
      {
        id,
        name: text(fields['name']) || id,
        scenes: [],
        reasoning: false,
        vision: images,
        defaultIn: id === current ? [''] : [],
      },
    ];
  });
}

function record(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
