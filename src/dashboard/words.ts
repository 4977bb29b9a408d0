/** What the things of the gateway are called on the page. */
import type {
  RequestActivity,
  RequestState,
  SessionActivity,
  TurnSource,
} from '../gateway/activity';
import type { InstanceSnapshot, InstanceState, TurnTotals } from '../gateway/snapshot';
import { t } from './localize';

/** Picks the colour of a dot beside a word; never the only sign of anything. */
export type Tone = 'good' | 'busy' | 'warn' | 'bad' | 'off';

export interface Labelled {
  readonly tone: Tone;
  readonly label: string;
}

/** The dialect a turn came in. */
export function sourceName(source: TurnSource): string {
  switch (source) {
    case 'chat':
      return 'Chat Completions';
    case 'responses':
      return 'Responses';
    case 'messages':
      return 'Messages';
    case 'ollama':
      return 'Ollama';
    case 'vscode':
      return t('VS Code chat');
  }
}

/** Who sent it: the program, and whose key it used. */
export function senderName({ agent, client }: Pick<SessionActivity, 'agent' | 'client'>): {
  readonly main: string;
  readonly more: string | undefined;
} {
  return agent === null ? { main: client, more: undefined } : { main: agent, more: client };
}

export function instanceState({
  state,
  draining,
  signedIn,
}: Pick<InstanceSnapshot, 'state' | 'draining' | 'signedIn'>): Labelled {
  if (draining && state === 'ready') return { tone: 'busy', label: t('Draining') };
  if (signedIn === false && state === 'ready') return { tone: 'warn', label: t('Signed out') };
  return { tone: instanceTones[state], label: instanceStateName(state) };
}

const instanceTones: Record<InstanceState, Tone> = {
  stopped: 'off',
  starting: 'busy',
  ready: 'good',
  reconnecting: 'warn',
  failed: 'bad',
  closed: 'off',
};

function instanceStateName(state: InstanceState): string {
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

export function requestState({ state }: Pick<RequestActivity, 'state'>): Labelled {
  switch (state) {
    case 'waiting':
      return { tone: 'busy', label: t('Waiting') };
    case 'streaming':
      return { tone: 'busy', label: t('Streaming') };
    case 'completed':
      return { tone: 'good', label: t('Completed') };
    case 'failed':
      return { tone: 'bad', label: t('Failed') };
    case 'cancelled':
      return { tone: 'off', label: t('Cancelled') };
  }
}

/** True until a request has come to its end. */
export function isRunning(state: RequestState): boolean {
  return state === 'waiting' || state === 'streaming';
}

export type ReuseReason = keyof TurnTotals['reasons'];

/** A reason's name, and what it means. */
export function reasonWords(reason: ReuseReason): {
  readonly name: string;
  readonly meaning: string;
} {
  switch (reason) {
    case 'continued':
      return {
        name: t('Continued'),
        meaning: t('A session held the conversation so far; only what was new was sent.'),
      };
    case 'new':
      return {
        name: t('New'),
        meaning: t('Nothing was known of the conversation; all of it was sent.'),
      };
    case 'branched':
      return {
        name: t('Branched'),
        meaning: t(
          'An answer was asked for again, or a message edited, after the session had gone on.',
        ),
      };
    case 'busy':
      return {
        name: t('Busy'),
        meaning: t('The session was in the middle of another request of the same conversation.'),
      };
    case 'compacted':
      return {
        name: t('Compacted'),
        meaning: t('The client had put a summary in the place of the conversation.'),
      };
    case 'diverged':
      return {
        name: t('Diverged'),
        meaning: t('The conversation came back with other answers than the session had given.'),
      };
    case 'expired':
      return {
        name: t('Expired'),
        meaning: t('The session was too old, or had to make room for others.'),
      };
    case 'lost':
      return {
        name: t('Lost'),
        meaning: t('The session failed, or went with its Lingma process.'),
      };
  }
}
