import type { GatewaySnapshot } from '../gateway/snapshot';
import { Cache } from './cache';
import { Header } from './header';
import { Instances } from './instances';
import { t } from './localize';
import { Notice } from './notice';
import { type HostState, type InstanceAction, type PanelCommand, snapshotOf } from './protocol';
import { Reasons } from './reasons';

export type Send = (command: PanelCommand) => void;
/** Does something to one instance. */
export type Act = (action: InstanceAction, id: string) => void;

interface Parts {
  readonly send: Send;
  readonly act: Act;
}

/** The whole panel. `state` is undefined until the host has spoken. */
export function App({ state, send, act }: Parts & { state: HostState | undefined }) {
  if (!state) return <p class="quiet">{t('Loading…')}</p>;
  const snapshot = snapshotOf(state);
  return (
    <>
      <Header state={state} send={send} />
      <Notice state={state} send={send} />
      {snapshot && <Numbers snapshot={snapshot} send={send} act={act} />}
    </>
  );
}

function Numbers({ snapshot, send, act }: Parts & { snapshot: GatewaySnapshot }) {
  return (
    <>
      <Cache snapshot={snapshot} send={send} />
      {snapshot.sessionCache.enabled && <Reasons turns={snapshot.turns} />}
      <Instances snapshot={snapshot} send={send} act={act} />
    </>
  );
}
