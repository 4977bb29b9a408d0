import type { Labelled } from './words';

/** A state: always a word, with a dot as its companion. */
export function State({ tone, label }: Labelled) {
  return <span class={`state ${tone}`}>{label}</span>;
}
