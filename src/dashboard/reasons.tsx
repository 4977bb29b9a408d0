import type { TurnTotals } from '../gateway/snapshot';
import { count } from './format';
import { t } from './localize';
import { percent } from './numbers';

type ReuseReason = keyof TurnTotals['reasons'];

/** Why turns continued a session or could not: each reason with its number and its share. */
export function Reasons({ turns: { reasons } }: { turns: TurnTotals }) {
  const names = Object.keys(reasons) as ReuseReason[];
  const total = names.reduce((sum, name) => sum + reasons[name], 0);
  return (
    <section>
      <h2 id="reasons-title">{t('Why sessions were reused or not')}</h2>
      {total === 0 ? (
        <p class="quiet">
          {t(
            'No turn yet. This will tell how many turns continued a session, and why others did not.',
          )}
        </p>
      ) : (
        <table class="reasons" aria-labelledby="reasons-title">
          <thead>
            <tr>
              <th scope="col">{t('Reason')}</th>
              <th scope="col" class="number">
                {t('Turns')}
              </th>
              <th scope="col" class="number">
                {t('Share')}
              </th>
            </tr>
          </thead>
          <tbody>
            {names.map((reason) => (
              <Row
                key={reason}
                reason={reason}
                turns={reasons[reason]}
                share={reasons[reason] / total}
              />
            ))}
          </tbody>
        </table>
      )}
    </section>
  );
}

function Row({ reason, turns, share }: { reason: ReuseReason; turns: number; share: number }) {
  const { name, meaning } = wordsFor(reason);
  return (
    <tr class={turns === 0 ? 'none' : ''}>
      <th scope="row">
        <span class="name">{name}</span>
        <span class="quiet">{meaning}</span>
      </th>
      <td class="number">{count(turns)}</td>
      <td class="number">
        {percent(share)}
        <progress aria-hidden="true" max={1} value={share} />
      </td>
    </tr>
  );
}

function wordsFor(reason: ReuseReason): { readonly name: string; readonly meaning: string } {
  switch (reason) {
    case 'continued':
      return {
        name: t('Continued'),
        meaning: t('A session held the conversation so far; only what was new was sent.'),
      };
    case 'new':
      return {
        name: t('New'),
        meaning: t('Nothing was known of the conversation; all of it was sent.'),
      };
    case 'branched':
      return {
        name: t('Branched'),
        meaning: t(
          'An answer was asked for again, or a message edited, after the session had gone on.',
        ),
      };
    case 'busy':
      return {
        name: t('Busy'),
        meaning: t('The session was in the middle of another request of the same conversation.'),
      };
    case 'compacted':
      return {
        name: t('Compacted'),
        meaning: t('The client had put a summary in the place of the conversation.'),
      };
    case 'diverged':
      return {
        name: t('Diverged'),
        meaning: t('The conversation came back with other answers than the session had given.'),
      };
    case 'expired':
      return {
        name: t('Expired'),
        meaning: t('The session was too old, or had to make room for others.'),
      };
    case 'lost':
      return {
        name: t('Lost'),
        meaning: t('The session failed, or went with its Lingma process.'),
      };
  }
}
