import { useEffect, useRef } from 'preact/hooks';
import type { SessionActivity } from '../gateway/activity';
import type { GatewaySnapshot } from '../gateway/snapshot';
import { Button } from './button';
import { useNow } from './clock';
import { count, wholeSeconds } from './format';
import { plural, t } from './localize';
import { More, useRowLimit } from './more';
import type { ReceivedActivity } from './model';
import { usePage } from './page';
import { Section } from './section';
import { State } from './state';
import { Cell, Model, RowHead, Table, TwoLines } from './table';
import { senderName, sourceName } from './words';

interface ConversationsProps {
  readonly snapshot: GatewaySnapshot;
  readonly activity: ReceivedActivity;
}

/** Which conversation is pinned to which process: one group per instance, one row per session. */
export function Conversations({ snapshot, activity }: ConversationsProps) {
  const { send } = usePage();
  const { sessions } = activity.value;
  const now = useNow(sessions.length > 0);
  const elapsed = Math.max(0, (now - activity.atMs) / 1000);
  const limit = useRowLimit('conversations', sessions.length);
  const keepFocus = useFocusAfterEvict(sessions);
  const shown = sessions.slice(0, limit.rows);
  return (
    <Section
      id="conversations"
      title={t('Conversations')}
      badge={count(sessions.length)}
      actions={
        sessions.length > 0 && (
          <Button
            label={t('Clear')}
            hint={t('Clear the session cache')}
            onClick={() => {
              send('clearSessions');
            }}
          />
        )
      }
    >
      {sessions.length === 0 ? (
        <p class="quiet">
          {snapshot.sessionCache.enabled
            ? t(
                'None at the moment. A conversation appears here once its first answer is complete.',
              )
            : t('None, because session reuse is off.')}
        </p>
      ) : (
        <Table
          class="conversations"
          labelledBy="conversations-title"
          columns={[
            { name: t('Conversation') },
            { name: t('Model') },
            { name: t('Turns'), numeric: true },
            { name: t('Messages'), numeric: true },
            { name: t('Age'), numeric: true },
            { name: t('Expires in'), numeric: true },
            { name: t('State') },
            { name: t('Actions'), silent: true },
          ]}
        >
          {groupsOf(snapshot, shown).map(({ instanceId, members }) => (
            <tbody key={instanceId} role="rowgroup">
              <tr role="row" class="group">
                <th role="rowheader" scope="rowgroup" colSpan={8}>
                  {instanceId}{' '}
                  <span class="quiet">
                    {plural(
                      pinnedTo(sessions, instanceId),
                      { one: '{0} conversation', other: '{0} conversations' },
                      count(pinnedTo(sessions, instanceId)),
                    )}
                  </span>
                </th>
              </tr>
              {members.map((session) => (
                <Row
                  key={session.id}
                  session={session}
                  elapsed={elapsed}
                  onEvict={() => {
                    keepFocus(session.id);
                  }}
                />
              ))}
            </tbody>
          ))}
        </Table>
      )}
      <More limit={limit} total={sessions.length} />
    </Section>
  );
}

interface RowProps {
  readonly session: SessionActivity;
  /** Seconds since the host told of it. */
  readonly elapsed: number;
  readonly onEvict: () => void;
}

function Row({ session, elapsed, onEvict }: RowProps) {
  const { evict } = usePage();
  const sender = senderName(session);
  const leased = session.state === 'leased';
  const left = session.ttlLeftSeconds === null ? null : session.ttlLeftSeconds - elapsed;
  return (
    <tr role="row">
      <RowHead>
        <TwoLines
          main={
            <>
              {sender.main} <code class="id">{session.id}</code>
            </>
          }
          more={[sender.more, sourceName(session.source)].filter(Boolean).join(' · ')}
        />
      </RowHead>
      <Cell label={t('Model')}>
        <Model name={session.model} />
      </Cell>
      <Cell label={t('Turns')} numeric>
        {count(session.turns)}
      </Cell>
      <Cell label={t('Messages')} numeric>
        {count(session.messages)}
      </Cell>
      <Cell label={t('Age')} numeric>
        {wholeSeconds(session.ageSeconds + elapsed)}
      </Cell>
      <Cell label={t('Expires in')} numeric>
        {left === null ? '–' : left > 0 ? wholeSeconds(left) : t('now')}
      </Cell>
      <Cell label={t('State')} class="status">
        <State tone={leased ? 'busy' : 'off'} label={leased ? t('In use') : t('Idle')} />
      </Cell>
      <Cell class="row-actions">
        {!leased && (
          <Button
            label={t('Evict')}
            hint={t('Evict conversation {0}', session.id)}
            onClick={() => {
              onEvict();
              evict(session.id);
            }}
          />
        )}
      </Cell>
    </tr>
  );
}

interface Group {
  readonly instanceId: string;
  readonly members: readonly SessionActivity[];
}

/** In the order of the instances; those of an instance that has just left come last. */
function groupsOf({ instances }: GatewaySnapshot, sessions: readonly SessionActivity[]): Group[] {
  const ids = new Set([
    ...instances.map(({ id }) => id),
    ...sessions.map(({ instanceId }) => instanceId),
  ]);
  return [...ids]
    .map((instanceId) => ({
      instanceId,
      members: sessions.filter((session) => session.instanceId === instanceId),
    }))
    .filter(({ members }) => members.length > 0);
}

function pinnedTo(sessions: readonly SessionActivity[], id: string): number {
  return sessions.filter(({ instanceId }) => instanceId === id).length;
}

/**
 * The button that evicts goes with its row. Whoever pressed it by keyboard is then taken to the
 * section's heading rather than to the top of the page.
 */
function useFocusAfterEvict(sessions: readonly SessionActivity[]): (id: string) => void {
  const evicting = useRef<string | undefined>(undefined);
  useEffect(() => {
    const id = evicting.current;
    if (id === undefined || sessions.some((session) => session.id === id)) return;
    evicting.current = undefined;
    if (document.activeElement === document.body) {
      document.querySelector<HTMLElement>('[aria-controls="conversations-body"]')?.focus();
    }
  }, [sessions]);
  return (id) => {
    evicting.current = id;
  };
}
