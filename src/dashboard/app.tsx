import type { GatewaySnapshot } from '../gateway/snapshot';
import { Cache } from './cache';
import { Header } from './header';
import { Instances } from './instances';
import { t } from './localize';
import { Notice } from './notice';
import { type HostState, type PanelCommand, snapshotOf } from './protocol';
import { Reasons } from './reasons';

export type Send = (command: PanelCommand) => void;

/** The whole panel. `state` is undefined until the host has spoken. */
export function App({ state, send }: { state: HostState | undefined; send: Send }) {
  if (!state) return <p class="quiet">{t('Loading…')}</p>;
  const snapshot = snapshotOf(state);
  return (
    <>
      <Header state={state} send={send} />
      <Notice state={state} send={send} />
      {snapshot && <Numbers snapshot={snapshot} send={send} />}
    </>
  );
}

function Numbers({ snapshot, send }: { snapshot: GatewaySnapshot; send: Send }) {
  return (
    <>
      <Cache snapshot={snapshot} send={send} />
      {snapshot.sessionCache.enabled && <Reasons turns={snapshot.turns} />}
      <Instances snapshot={snapshot} />
    </>
  );
}
