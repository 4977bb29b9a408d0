/** What the chat offers to ask next; buttons below the newest answer. */
import type { Localize } from '../localize';
import { type ParticipantCommand, readExchange } from './conversation';

export interface Followup {
  readonly prompt: string;
  readonly label?: string;
  readonly command?: ParticipantCommand;
}

/** The key in a result's metadata that tells what it was the result of. */
const KEY = 'lingmaResult';

/** What a result was: an answer is known by its exchange, everything else says so. */
export type ResultKind = 'status' | 'model' | 'new' | 'failed';

/** Metadata of a result that is no exchange with the model. */
export function resultMetadata(kind: ResultKind): Readonly<Record<string, unknown>> {
  return { [KEY]: kind };
}

/** At most three, and none where the next step is a button of the answer itself. */
export function followupsFor(
  metadata: Readonly<Record<string, unknown>> | undefined,
  t: Localize,
): Followup[] {
  switch (metadata?.[KEY]) {
    case 'status':
      return [{ prompt: '', label: t('Which models are there?'), command: 'model' }];
    case 'model':
    case 'new':
      return [{ prompt: t('What can you help me with?') }];
    case 'failed':
      return [{ prompt: '', label: t('Show the state of the gateway'), command: 'status' }];
  }
  const exchange = readExchange(metadata);
  if (!exchange) return [];
  return /^\s*(```|~~~)/m.test(exchange.answer)
    ? [
        { prompt: t('Explain this code step by step.') },
        { prompt: t('Write tests for this code.') },
        { prompt: t('What could go wrong with this code?') },
      ]
    : [{ prompt: t('Give me an example.') }, { prompt: t('Sum it up in a few sentences.') }];
}
