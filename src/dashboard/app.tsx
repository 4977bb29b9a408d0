import { useEffect, useState } from 'preact/hooks';
import { Button } from './button';
import { Clients } from './clients';
import { Conversations } from './conversations';
import { Figures } from './figures';
import { Header } from './header';
import { History } from './history';
import { Instances } from './instances';
import { t } from './localize';
import type { Model } from './model';
import { Notice } from './notice';
import { usePage } from './page';
import { snapshotOf } from './protocol';
import { Reasons } from './reasons';
import { Requests } from './requests';

/** The whole page. */
export function App({ model: { state, stateAtMs, activity, details } }: { readonly model: Model }) {
  const { layout } = usePage();
  if (!state) return <Loading />;
  const snapshot = snapshotOf(state);
  return (
    <>
      <Header state={state} />
      <Notice state={state} />
      {snapshot && (
        <>
          <Figures snapshot={snapshot} />
          {activity && <History history={activity.value.history} />}
          {/* The side bar has a tree of instances and conversations above this view. */}
          {layout === 'panel' && <Instances snapshot={snapshot} atMs={stateAtMs} />}
          {layout === 'panel' && activity && (
            <Conversations snapshot={snapshot} activity={activity} />
          )}
          {layout === 'panel' && activity && <Clients clients={activity.value.clients} />}
          {activity && <Requests activity={activity} details={details} />}
          {layout === 'panel' && snapshot.sessionCache.enabled && (
            <Reasons turns={snapshot.turns} />
          )}
        </>
      )}
    </>
  );
}

const patienceMs = 4000;

/** Shown until the extension speaks; it has a next step when that takes too long. */
function Loading() {
  const { send } = usePage();
  const [late, setLate] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => {
      setLate(true);
    }, patienceMs);
    return () => {
      clearTimeout(timer);
    };
  }, []);
  return (
    <div class="loading">
      <p role="status" class="state busy">
        {t('Loading…')}
      </p>
      {late && (
        <p class="quiet">
          {t('The extension has not answered yet. If it stays like this, reload the window.')}{' '}
          <Button
            look="link"
            label={t('Show Log')}
            onClick={() => {
              send('showLog');
            }}
          />
        </p>
      )}
    </div>
  );
}
