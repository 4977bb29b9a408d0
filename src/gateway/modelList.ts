/** Which names a client is offered as models, and what each of them is. */
import { toGatewayError } from '../base/errors';
import type { AskMode } from '../lingma/dialect';
import type { Model } from '../lingma/models';
import type { ListedModel } from '../wire/listedModel';
import { type AskTarget, resolveTarget } from './askMode';

/** The name under which lists offer the agent; that of every model is its id and `@agent`. */
const AGENT = 'lingma-agent';

/** What decides which model a name means. */
export interface NameRules {
  readonly modelAliases: Readonly<Record<string, string>>;
  readonly askMode: AskMode;
}

/**
 * Every model by its id, in the catalogue's order, then the names beside them, sorted: the agent,
 * and the aliases without a wildcard. One with a wildcard stands for more names than a list can
 * hold, and one that leads nowhere is not offered.
 */
export function listModels(models: readonly Model[], rules: NameRules): ListedModel[] {
  const ids = new Set(models.map(({ id }) => id));
  const aliases = Object.keys(rules.modelAliases).filter((name) => !/[*?]/.test(name));
  const others = new Set([AGENT, ...aliases].filter((name) => !ids.has(name)));
  return [
    ...models.map((model) => listed(model.id, model)),
    ...[...others].sort().flatMap((name) => {
      const target = targetOf(name, models, rules);
      return target ? [listed(name, target.model)] : [];
    }),
  ];
}

/**
 * What the list has under `name`, else what a turn with this name would get, by the name that its
 * answers bear. Throws `model_not_found`.
 */
export function listedModel(name: string, models: readonly Model[], rules: NameRules): ListedModel {
  const found = listModels(models, rules).find(({ id }) => id === name);
  if (found) return found;
  const target = resolveTarget(name, models, rules.modelAliases, rules.askMode);
  return listed(target.name, target.model);
}

function listed(name: string, { id, name: title, vision, reasoning }: Model): ListedModel {
  if (name === id) return { id, name: title, vision, reasoning };
  return { id: name, name: `${name} (${title})`, vision, reasoning, aliasOf: id };
}

function targetOf(
  name: string,
  models: readonly Model[],
  { modelAliases, askMode }: NameRules,
): AskTarget | undefined {
  try {
    return resolveTarget(name, models, modelAliases, askMode);
  } catch (error) {
    if (toGatewayError(error).code === 'model_not_found') return undefined;
    throw error;
  }
}
