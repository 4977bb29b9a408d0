/** Which model answers in a chat thread. */

export interface ChoosableModel {
  readonly id: string;
  readonly name: string;
}

export interface ModelWishes {
  /** The model of VS Code's picker, whoever's it is. */
  readonly picked: { readonly vendor: string; readonly id: string } | undefined;
  /** What the user chose with `/model` in this workspace. */
  readonly chosen: string | undefined;
  /** The vendor name of our models. */
  readonly vendor: string;
}

/**
 * The model for the next turn: what the picker shows if it is one of ours, else what `/model` chose,
 * else the default. A choice that is no longer in the list counts for nothing.
 */
export function modelFor<M extends ChoosableModel>(
  { picked, chosen, vendor }: ModelWishes,
  models: readonly M[],
  byDefault: M,
): M {
  const byId = (id: string | undefined): M | undefined => models.find((model) => model.id === id);
  return (picked?.vendor === vendor ? byId(picked.id) : undefined) ?? byId(chosen) ?? byDefault;
}

/** The model whose id or name the user typed, whatever its case; undefined when none is called so. */
export function modelCalled<M extends ChoosableModel>(
  typed: string,
  models: readonly M[],
): M | undefined {
  const wanted = typed.trim().toLowerCase();
  const called = (name: keyof ChoosableModel) => (model: M) => model[name].toLowerCase() === wanted;
  return models.find(called('id')) ?? models.find(called('name'));
}
