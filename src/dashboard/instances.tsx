import type { GatewaySnapshot, InstanceSnapshot, InstanceState } from '../gateway/snapshot';
import type { Act, Send } from './app';
import { Button } from './button';
import { count } from './format';
import { plural, t } from './localize';
import type { InstanceAction } from './protocol';

/** One row per Lingma process. */
export function Instances({
  snapshot,
  send,
  act,
}: {
  snapshot: GatewaySnapshot;
  send: Send;
  act: Act;
}) {
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
              <th scope="col">
                <span class="unseen">{t('Actions')}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {snapshot.instances.map((instance) => (
              <Row key={instance.id} instance={instance} limit={limit} send={send} act={act} />
            ))}
          </tbody>
        </table>
      </div>
      {snapshot.instances.length === 0 && <p class="quiet">{t('No instance has started yet.')}</p>}
    </section>
  );
}

function Row({
  instance,
  limit,
  send,
  act,
}: {
  instance: InstanceSnapshot;
  limit: number;
  send: Send;
  act: Act;
}) {
  const { tone, label } = shownState(instance);
  return (
    <tr>
      <th scope="row">{instance.id}</th>
      <td>
        <span class={`state ${tone}`}>{label}</span>
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
      <td>
        <div class="actions row-actions">
          {instance.signedIn === false && (
            <Button
              label={t('Sign In')}
              onClick={() => {
                send('signIn');
              }}
            />
          )}
          {actionsOf(instance).map(({ action, label: title }) => (
            <Button
              key={action}
              label={title}
              hint={`${title}: ${instance.id}`}
              onClick={() => {
                act(action, instance.id);
              }}
            />
          ))}
        </div>
      </td>
    </tr>
  );
}

/** The gentle way first where turns run; nothing for one that is on its way already. */
function actionsOf({ state, inFlight, draining }: InstanceSnapshot): {
  action: InstanceAction;
  label: string;
}[] {
  const restart = { action: 'restart' as const, label: t('Restart') };
  if (draining) return [{ ...restart, label: t('Do Not Wait') }];
  switch (state) {
    case 'ready':
      return inFlight > 0
        ? [{ action: 'drain', label: t('Drain and Restart') }, restart]
        : [restart];
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

function shownState({ state, draining }: InstanceSnapshot): { tone: string; label: string } {
  if (draining && state === 'ready') return { tone: 'busy', label: t('Draining') };
  return { tone: tones[state], label: stateLabel(state) };
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
