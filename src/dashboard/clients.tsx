import type { ClientUsage } from '../gateway/keyStatistics';
import { Button } from './button';
import { clockTime, compact, count } from './format';
import { t } from './localize';
import { percent } from './numbers';
import { usePage } from './page';
import { Section } from './section';
import { Cell, RowHead, Table } from './table';

/** What each key has been used for; of no interest while there is the gateway's own alone. */
export function Clients({ clients }: { readonly clients: readonly ClientUsage[] }) {
  const { send } = usePage();
  if (clients.length < 2) return null;
  return (
    <Section
      id="clients"
      title={t('Clients')}
      badge={count(clients.length)}
      actions={
        <Button
          label={t('Manage Client Keys…')}
          onClick={() => {
            send('manageClientKeys');
          }}
        />
      }
    >
      <Table
        class="clients"
        labelledBy="clients-title"
        columns={[
          { name: t('Client') },
          { name: t('Turns'), numeric: true },
          { name: t('Errors'), numeric: true },
          { name: t('Reused'), numeric: true },
          { name: t('Tokens in'), numeric: true },
          { name: t('Tokens out'), numeric: true },
          { name: t('Last used'), numeric: true },
        ]}
      >
        <tbody role="rowgroup">
          {clients.map((client) => (
            <Row key={client.name} client={client} />
          ))}
        </tbody>
      </Table>
    </Section>
  );
}

function Row({ client }: { readonly client: ClientUsage }) {
  const { name, completed, failed, cancelled, hits, misses, lastUsedAtMs } = client;
  const turns = completed + failed + cancelled;
  const sessions = hits + misses;
  return (
    <tr role="row" class={turns === 0 ? 'none' : ''}>
      <RowHead>{name}</RowHead>
      <Cell label={t('Turns')} numeric>
        {count(turns)}
      </Cell>
      <Cell label={t('Errors')} numeric>
        {count(failed)}
      </Cell>
      <Cell label={t('Reused')} numeric>
        {sessions === 0 ? '–' : percent(hits / sessions)}
      </Cell>
      <Cell label={t('Tokens in')} numeric>
        {compact(client.inputTokens)}
      </Cell>
      <Cell label={t('Tokens out')} numeric>
        {compact(client.outputTokens)}
      </Cell>
      <Cell label={t('Last used')} numeric>
        {lastUsedAtMs === null ? '–' : clockTime(lastUsedAtMs, 'second')}
      </Cell>
    </tr>
  );
}
