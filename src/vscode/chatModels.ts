/** How a model of Lingma's presents itself to VS Code. */
import type { LanguageModelChatInformation } from 'vscode';
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

/** What VS Code lists. `demo` says in the picker that no real model will answer. */
export function chatInformation(
  { id, name, vision }: ChatModel,
  demo: boolean,
  t: Localize,
): LanguageModelChatInformation {
  return {
    id,
    name,
    family: id,
    version: VERSION,
    ...(demo ? { detail: t('demo') } : {}),
    tooltip: t('{0}, answered by Lingma through the Lingma Gateway.', name),
    maxInputTokens: MAX_INPUT_TOKENS,
    maxOutputTokens: MAX_OUTPUT_TOKENS,
    capabilities: { toolCalling: true, imageInput: vision ?? true },
  };
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
