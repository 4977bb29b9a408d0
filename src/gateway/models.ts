/** From the name a client asks for to a model the process has. */
import { GatewayError } from '../base/errors';
import { defaultModel, type Model } from '../lingma/models';

export { defaultModel };

/** Alias value that stands for the process's default model. */
const DEFAULT_TARGET = 'default';

/**
 * The model `name` means: an id, a display name, or what the first matching alias points to.
 * Nothing else is guessed: throws `model_not_found` with the valid ids.
 */
export function resolveModel(
  name: string,
  models: readonly Model[],
  aliases: Readonly<Record<string, string>>,
): Model {
  const exact = findModel(name, models);
  if (exact) return exact;
  const alias = aliasFor(name, aliases);
  if (!alias) throw modelNotFound(name, models);
  const model = aliasTarget(alias.target, models);
  if (!model) throw aliasTargetNotFound(alias.glob, alias.target, models);
  return model;
}

/** The first alias that stands for `name`: their order is the user's. */
function aliasFor(
  name: string,
  aliases: Readonly<Record<string, string>>,
): { readonly glob: string; readonly target: string } | undefined {
  for (const [glob, target] of Object.entries(aliases)) {
    if (globToRegExp(glob).test(name)) return { glob, target };
  }
  return undefined;
}

function aliasTarget(target: string, models: readonly Model[]): Model | undefined {
  return target === DEFAULT_TARGET ? defaultModel(models) : findModel(target, models);
}

function findModel(name: string, models: readonly Model[]): Model | undefined {
  return models.find(({ id }) => id === name) ?? models.find((model) => model.name === name);
}

/** `*` stands for any text and `?` for one character; everything else is literal. */
function globToRegExp(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`, 's');
}

function modelNotFound(name: string, models: readonly Model[]): GatewayError {
  return new GatewayError({
    code: 'model_not_found',
    status: 404,
    param: 'model',
    message: `There is no model "${name.slice(0, 200)}". ${validIds(models)}`,
  });
}

function aliasTargetNotFound(glob: string, target: string, models: readonly Model[]): GatewayError {
  return new GatewayError({
    code: 'model_not_found',
    status: 404,
    param: 'model',
    message: `The alias "${glob}" points to "${target}", which is no model. ${validIds(models)}`,
  });
}

function validIds(models: readonly Model[]): string {
  return `Valid ids: ${models.map(({ id }) => id).join(', ')}; "@agent" behind one asks Lingma's agent.`;
}
