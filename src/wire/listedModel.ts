/** A model as every dialect may list it. */

export interface ListedModel {
  readonly id: string;
  readonly name: string;
  /** What it can do; undefined where the process does not say. */
  readonly vision: boolean | undefined;
  readonly reasoning: boolean;
  /** The id of the model this one is another name for. */
  readonly aliasOf?: string;
}

/**
 * When a model was made, in Unix time: nobody says, and for that Anthropic's API has the epoch. It
 * is the same on every day, so no client takes a model for a new one.
 */
export const CREATED_SECONDS = 0;
export const CREATED_AT = new Date(CREATED_SECONDS * 1000).toISOString();
