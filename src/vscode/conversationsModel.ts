/** What the tree of conversations shows, as plain data: no VS Code needed to test it. */
import { formatDuration, pluralForm } from '../dashboard/numbers';
import type { HostState } from '../dashboard/protocol';
import type { GatewayActivity, SessionActivity } from '../gateway/activity';
import type { InstanceSnapshot } from '../gateway/snapshot';
import type { Localize } from './localize';

/** An instance and the conversations pinned to it. */
export interface InstanceNode {
  readonly kind: 'instance';
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** For people and for `when` clauses of menus: `instance`, with `.busy` while turns run. */
  readonly context: string;
  readonly icon: string;
  readonly tooltip: string;
  readonly children: readonly SessionNode[];
}

export interface SessionNode {
  readonly kind: 'session';
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** `session`, with `.leased` while a turn runs on it. */
  readonly context: string;
  readonly icon: string;
  readonly session: SessionActivity;
}

export type Node = InstanceNode | SessionNode;

/**
 * The instances with their conversations. Empty when there is no gateway, and when all is well but
 * nobody has talked to it yet: the tree's welcome then names the next step.
 *
 * @param language BCP 47 tag of the language that `t` speaks.
 */
export function conversationNodes(
  state: HostState,
  activity: GatewayActivity | undefined,
  t: Localize,
  language: string,
): readonly InstanceNode[] {
  if (state.kind !== 'ready') return [];
  const { instances } = state.snapshot;
  const sessions = activity?.sessions ?? [];
  const allWell = instances.every((instance) => instance.state === 'ready');
  if (sessions.length === 0 && allWell) return [];
  return instances.map((instance) =>
    instanceNode(
      instance,
      sessions.filter(({ instanceId }) => instanceId === instance.id),
      t,
      language,
    ),
  );
}

function instanceNode(
  instance: InstanceSnapshot,
  sessions: readonly SessionActivity[],
  t: Localize,
  language: string,
): InstanceNode {
  const { id, state, pid, inFlight, draining, problem } = instance;
  const children = sessions.map((session) => sessionNode(session, t, language));
  const forms = { one: '{0} conversation', other: '{0} conversations' };
  const words = [
    draining && state === 'ready' ? t('draining') : state === 'ready' ? '' : stateWord(state, t),
    instance.signedIn === false ? t('signed out') : '',
    t(pluralForm(children.length, forms, language), children.length),
    inFlight > 0 ? t('{0} in flight', inFlight) : '',
  ];
  return {
    kind: 'instance',
    id,
    label: id,
    description: words.filter(Boolean).join(' · '),
    context: inFlight > 0 && !draining ? 'instance.busy' : 'instance',
    icon: instanceIcon(instance),
    tooltip: [problem, pid === null ? null : t('Process {0}', pid)].filter(Boolean).join('\n'),
    children,
  };
}

function sessionNode(session: SessionActivity, t: Localize, language: string): SessionNode {
  const leased = session.state === 'leased';
  const forms = { one: '{0} turn', other: '{0} turns' };
  return {
    kind: 'session',
    id: session.id,
    label: session.agent ?? session.client,
    description: [
      t(pluralForm(session.turns, forms, language), session.turns),
      session.model,
      leased ? t('in use') : '',
    ]
      .filter(Boolean)
      .join(' · '),
    context: leased ? 'session.leased' : 'session',
    icon: leased ? 'sync' : 'comment-discussion',
    session,
  };
}

/** What a hover over a session tells, in lines; durations hold at the time of the last activity. */
export function sessionTooltip(session: SessionActivity, t: Localize, language: string): string {
  const span = (seconds: number): string => formatDuration(seconds * 1000, language, 'long');
  return [
    t('Conversation {0}', session.id),
    t('Key: {0}', session.client),
    t('Model: {0}', session.model),
    t('Messages: {0}', session.messages),
    t('Age: {0}', span(session.ageSeconds)),
    ...(session.ttlLeftSeconds === null
      ? []
      : [t('Expires in: {0}', span(session.ttlLeftSeconds))]),
  ].join('\n');
}

function instanceIcon({ state, signedIn }: InstanceSnapshot): string {
  if (state === 'failed') return 'error';
  if (state === 'reconnecting' || signedIn === false) return 'warning';
  return state === 'ready' ? 'server-process' : 'loading';
}

function stateWord(state: Exclude<InstanceSnapshot['state'], 'ready'>, t: Localize): string {
  switch (state) {
    case 'stopped':
      return t('stopped');
    case 'starting':
      return t('starting');
    case 'reconnecting':
      return t('reconnecting');
    case 'failed':
      return t('failed');
    case 'closed':
      return t('closed');
  }
}
