/** How much a client of an OpenAI dialect wants the model to think. */

/** Whether this effort asks for no reasoning to speak of. */
export function isNoEffort(effort: string | null | undefined): boolean {
  return effort === 'none' || effort === 'minimal';
}
