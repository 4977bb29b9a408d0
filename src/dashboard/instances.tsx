import type { GatewaySnapshot, InstanceSnapshot } from '../gateway/snapshot';
import { Button } from './button';
import { useNow } from './clock';
import { count, wholeSeconds } from './format';
import { t } from './localize';
import { usePage } from './page';
import type { InstanceAction } from './protocol';
import { Section } from './section';
import { State } from './state';
import { Cell, RowHead, Table, TwoLines } from './table';
import { instanceState } from './words';

interface InstancesProps {
  readonly snapshot: GatewaySnapshot;
  /** When the snapshot came, in milliseconds since 1970. */
  readonly atMs: number;
}

/** One row per Lingma process. */
export function Instances({ snapshot, atMs }: InstancesProps) {
  const { instances } = snapshot;
  const now = useNow(instances.some(({ uptimeSeconds }) => uptimeSeconds !== null));
  return (
    <Section id="instances" title={t('Instances')} badge={count(instances.length)}>
      {instances.length === 0 ? (
        <p class="quiet">{t('No instance has started yet.')}</p>
      ) : (
        <Table
          class="instances"
          labelledBy="instances-title"
          columns={[
            { name: t('Instance') },
            { name: t('State') },
            { name: t('PID'), numeric: true },
            { name: t('Sessions'), numeric: true },
            { name: t('In flight'), numeric: true },
            { name: t('Restarts'), numeric: true },
            { name: t('Actions'), silent: true },
          ]}
        >
          <tbody role="rowgroup">
            {instances.map((instance) => (
              <Row
                key={instance.id}
                instance={instance}
                elapsed={Math.max(0, (now - atMs) / 1000)}
                limit={snapshot.concurrency.maxInFlightPerInstance}
              />
            ))}
          </tbody>
        </Table>
      )}
    </Section>
  );
}

interface RowProps {
  readonly instance: InstanceSnapshot;
  /** Seconds since the host told of it. */
  readonly elapsed: number;
  readonly limit: number;
}

function Row({ instance, elapsed, limit }: RowProps) {
  const { send } = usePage();
  return (
    <tr role="row">
      <RowHead>
        <TwoLines
          main={instance.id}
          more={[
            ...(instance.port === null ? [] : [t('Port {0}', instance.port)]),
            ...(instance.uptimeSeconds === null
              ? []
              : [t('up {0}', wholeSeconds(instance.uptimeSeconds + elapsed))]),
          ].join(' · ')}
        />
      </RowHead>
      <Cell label={t('State')} class="status">
        <State {...instanceState(instance)} />
        {instance.problem !== null && (
          <span class="quiet more-line">
            {instance.problem}{' '}
            <Button
              look="link"
              label={t('Show Log')}
              onClick={() => {
                send('showLog');
              }}
            />
          </span>
        )}
      </Cell>
      <Cell label={t('PID')} numeric>
        {instance.pid ?? '–'}
      </Cell>
      <Cell label={t('Sessions')} numeric>
        {count(instance.pinnedSessions)}
      </Cell>
      <Cell label={t('In flight')} numeric>
        {count(instance.inFlight)}
        {limit > 0 && <span class="quiet"> / {count(limit)}</span>}
      </Cell>
      <Cell label={t('Restarts')} numeric>
        {count(instance.restarts)}
      </Cell>
      <Cell class="row-actions">
        <Actions instance={instance} />
      </Cell>
    </tr>
  );
}

function Actions({ instance }: Pick<RowProps, 'instance'>) {
  const { act, send } = usePage();
  return (
    <div class="actions">
      {instance.signedIn === false && (
        <Button
          label={t('Sign In')}
          onClick={() => {
            send('signIn');
          }}
        />
      )}
      {actionsOf(instance).map(({ action, label }) => (
        <Button
          key={action}
          label={label}
          hint={t('{0}: {1}', label, instance.id)}
          onClick={() => {
            act(action, instance.id);
          }}
        />
      ))}
    </div>
  );
}

/** The gentle way first where turns run; nothing for one that is on its way already. */
function actionsOf({ state, inFlight, draining }: InstanceSnapshot): {
  readonly action: InstanceAction;
  readonly label: string;
}[] {
  const restart = { action: 'restart', label: t('Restart') } as const;
  if (draining) return [{ ...restart, label: t('Do Not Wait') }];
  switch (state) {
    case 'ready':
      return inFlight > 0 ? [{ action: 'drain', label: t('Drain') }, restart] : [restart];
    case 'failed':
      return [{ ...restart, label: t('Try Again') }];
    case 'reconnecting':
      return [{ ...restart, label: t('Try Now') }];
    case 'stopped':
    case 'starting':
    case 'closed':
      return [];
  }
}
