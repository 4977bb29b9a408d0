/**
 * Whether a turn is asked as a chat or as a task for Lingma's agent (protocol §4a.1). A client of
 * any dialect says so by the model it names, because that is the one thing every client lets its
 * user write; else the gateway's own setting decides.
 */
import type { AskMode } from '../lingma/dialect';
import { defaultModel, type Model } from '../lingma/models';
import { resolveModel } from './models';

export const ASK_MODES = ['chat', 'agent'] as const satisfies readonly AskMode[];

/** What a model's name is followed by to choose the mode: `org_auto@agent`. */
const MODE_SUFFIX = /^(.+)@(chat|agent)$/s;
/** Names that choose the default model and the agent mode at once. */
const AGENT_NAMES = new Set(['lingma-agent', 'agent']);

export interface AskTarget {
  readonly model: Model;
  readonly mode: AskMode;
  /** The name that means this very target, whatever the aliases say: what answers are marked with. */
  readonly name: string;
}

/**
 * The model and the mode that `name` means; a model of that very name goes before any reading of
 * it. Throws `model_not_found` with the valid ids.
 */
export function resolveTarget(
  name: string,
  models: readonly Model[],
  aliases: Readonly<Record<string, string>>,
  defaultMode: AskMode,
): AskTarget {
  const target = (model: Model, mode: AskMode): AskTarget => ({
    model,
    mode,
    name: mode === defaultMode ? model.id : `${model.id}@${mode}`,
  });
  if (models.some((model) => model.id === name || model.name === name)) {
    return target(resolveModel(name, models, aliases), defaultMode);
  }
  if (AGENT_NAMES.has(name)) return target(defaultModel(models), 'agent');
  const [, base, mode] = MODE_SUFFIX.exec(name) ?? [];
  if (base === undefined) return target(resolveModel(name, models, aliases), defaultMode);
  return target(resolveModel(base, models, aliases), mode === 'agent' ? 'agent' : 'chat');
}
