/** How a model of Lingma's presents itself to VS Code. */
import type { LanguageModelChatInformation } from 'vscode';
import { isRecord } from '../base/json';
import type { HostState } from '../dashboard/protocol';
import type { Localize } from './localize';

/** A model of the gateway's catalogue, as far as it is shown. */
export interface ChatModel {
  readonly id: string;
  readonly name: string;
  /** Whether it takes images; undefined when Lingma did not say. */
  readonly vision?: boolean | undefined;
}

/**
 * Tokens of a conversation up to which VS Code sends it whole. Lingma states no limits and the
 * gateway sets none. The number matters all the same: above it VS Code shortens the conversation,
 * which then begins a new session. 128 k is what the models Lingma offers hold at the least.
 */
const MAX_INPUT_TOKENS = 128_000;
/** Lingma cannot be told to answer at less length either; VS Code only shows this one. */
const MAX_OUTPUT_TOKENS = 16_000;
/** Lingma tells one model from another by its id alone. */
const VERSION = '1';

/**
 * Stands for whichever model is the default, while nobody has ever learnt which there are: without
 * any model VS Code asks no participant, either.
 */
export const STAND_IN: ChatModel = { id: 'lingma', name: 'Lingma' };

/** What is to be said of a model beside its name: that no real one will answer, or none right now. */
export type ModelNote = 'demo' | 'notRunning' | undefined;

/** What VS Code lists. */
export function chatInformation(
  { id, name, vision }: ChatModel,
  note: ModelNote,
  t: Localize,
): LanguageModelChatInformation {
  const { detail, tooltip } = describeModel(name, note, t);
  return {
    id,
    name,
    family: id,
    version: VERSION,
    ...(detail === undefined ? {} : { detail }),
    tooltip,
    maxInputTokens: MAX_INPUT_TOKENS,
    maxOutputTokens: MAX_OUTPUT_TOKENS,
    capabilities: { toolCalling: true, imageInput: vision ?? true },
  };
}

/** The catalogue as it was last seen, from storage; the stand-in where that holds none. */
export function readKnownModels(stored: unknown): ChatModel[] {
  const models = (Array.isArray(stored) ? stored : []).flatMap((entry: unknown) => {
    if (!isRecord(entry)) return [];
    const { id, name, vision } = entry;
    if (typeof id !== 'string' || typeof name !== 'string') return [];
    return [{ id, name, ...(typeof vision === 'boolean' ? { vision } : {}) }];
  });
  return models.length > 0 ? models : [STAND_IN];
}

/** What is stored of a catalogue; equal texts are equal catalogues. */
export function knownModels(models: readonly ChatModel[]): ChatModel[] {
  return models.map(({ id, name, vision }) => ({
    id,
    name,
    ...(vision === undefined ? {} : { vision }),
  }));
}

function describeModel(
  name: string,
  note: ModelNote,
  t: Localize,
): { readonly detail?: string; readonly tooltip: string } {
  switch (note) {
    case 'demo':
      return {
        detail: t('demo'),
        tooltip: t('{0}: no Lingma was found, so the embedded demo answers in its place.', name),
      };
    case 'notRunning':
      return {
        detail: t('not running'),
        tooltip: t(
          '{0}: the Lingma Gateway is not running; it starts with the first question.',
          name,
        ),
      };
    case undefined:
      return { tooltip: t('{0}, answered by Lingma through the Lingma Gateway.', name) };
  }
}

/**
 * A text that changes whenever the models may have: the processes that can be asked. Empty while
 * the gateway serves nothing. Most changes of state only bring new numbers.
 */
export function modelSource(state: HostState): string {
  if (state.kind !== 'ready') return '';
  return state.snapshot.instances
    .flatMap((instance) =>
      instance.state === 'ready' ? [`${instance.id} ${instance.incarnation}`] : [],
    )
    .join();
}
