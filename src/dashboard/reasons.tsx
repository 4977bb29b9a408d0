import type { TurnTotals } from '../gateway/snapshot';
import { count } from './format';
import { t } from './localize';
import { percent } from './numbers';
import { Section } from './section';
import { Cell, RowHead, Table, TwoLines } from './table';
import { type ReuseReason, reasonWords } from './words';

/** Why turns continued a session or could not: each reason with its number and its share. */
export function Reasons({ turns: { reasons } }: { readonly turns: TurnTotals }) {
  const names = Object.keys(reasons) as ReuseReason[];
  const total = names.reduce((sum, name) => sum + reasons[name], 0);
  return (
    <Section id="reasons" title={t('Why sessions were reused or not')}>
      {total === 0 ? (
        <p class="quiet">
          {t(
            'No turn yet. This will tell how many turns continued a session, and why others did not.',
          )}
        </p>
      ) : (
        <Table
          class="reasons"
          labelledBy="reasons-title"
          columns={[
            { name: t('Reason') },
            { name: t('Turns'), numeric: true },
            { name: t('Share'), numeric: true },
          ]}
        >
          <tbody role="rowgroup">
            {names.map((reason) => (
              <Row
                key={reason}
                reason={reason}
                turns={reasons[reason]}
                share={reasons[reason] / total}
              />
            ))}
          </tbody>
        </Table>
      )}
    </Section>
  );
}

interface RowProps {
  readonly reason: ReuseReason;
  readonly turns: number;
  readonly share: number;
}

function Row({ reason, turns, share }: RowProps) {
  const { name, meaning } = reasonWords(reason);
  return (
    <tr role="row" class={turns === 0 ? 'none' : ''}>
      <RowHead>
        <TwoLines main={name} more={meaning} />
      </RowHead>
      <Cell label={t('Turns')} numeric>
        {count(turns)}
      </Cell>
      <Cell label={t('Share')} numeric>
        {percent(share)}
        <progress aria-hidden="true" max={1} value={share} />
      </Cell>
    </tr>
  );
}
