import type { GatewaySnapshot, InstanceSnapshot, InstanceState } from '../gateway/snapshot';
import { count } from './format';
import { plural, t } from './localize';

/** One row per Lingma process. */
export function Instances({ snapshot }: { snapshot: GatewaySnapshot }) {
  const limit = snapshot.concurrency.maxInFlightPerInstance;
  return (
    <section>
      <div class="scroller" tabIndex={0} role="region" aria-labelledby="instances-title">
        <table>
          <caption id="instances-title">{t('Instances')}</caption>
          <thead>
            <tr>
              <th scope="col">{t('Name')}</th>
              <th scope="col">{t('State')}</th>
              <th scope="col" class="number">
                {t('PID')}
              </th>
              <th scope="col" class="number">
                {t('Port')}
              </th>
              <th scope="col" class="number">
                {t('Sessions')}
              </th>
              <th scope="col" class="number">
                {t('In flight')}
              </th>
            </tr>
          </thead>
          <tbody>
            {snapshot.instances.map((instance) => (
              <Row key={instance.id} instance={instance} limit={limit} />
            ))}
          </tbody>
        </table>
      </div>
      {snapshot.instances.length === 0 && <p class="quiet">{t('No instance has started yet.')}</p>}
    </section>
  );
}

function Row({ instance, limit }: { instance: InstanceSnapshot; limit: number }) {
  return (
    <tr>
      <th scope="row">{instance.id}</th>
      <td>
        <span class={`state ${tones[instance.state]}`}>{stateLabel(instance.state)}</span>
        {notes(instance).map((note) => (
          <div key={note} class="quiet">
            {note}
          </div>
        ))}
      </td>
      <td class="number">{instance.pid ?? '–'}</td>
      <td class="number">{instance.port ?? '–'}</td>
      <td class="number">{instance.pinnedSessions}</td>
      <td class="number">
        {instance.inFlight}
        {limit > 0 && <span class="quiet"> / {limit}</span>}
      </td>
    </tr>
  );
}

const tones: Record<InstanceState, string> = {
  stopped: 'off',
  starting: 'busy',
  ready: 'good',
  reconnecting: 'warn',
  failed: 'bad',
  closed: 'off',
};

function stateLabel(state: InstanceState): string {
  switch (state) {
    case 'stopped':
      return t('Stopped');
    case 'starting':
      return t('Starting');
    case 'ready':
      return t('Ready');
    case 'reconnecting':
      return t('Reconnecting');
    case 'failed':
      return t('Failed');
    case 'closed':
      return t('Closed');
  }
}

function notes({ problem, signedIn, restarts }: InstanceSnapshot): string[] {
  return [
    ...(problem === null ? [] : [problem]),
    ...(signedIn === false ? [t('not signed in')] : []),
    ...(restarts > 0
      ? [plural(restarts, { one: '{0} restart', other: '{0} restarts' }, count(restarts))]
      : []),
  ];
}
