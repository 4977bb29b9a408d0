/** The answer to `/status`: the state of the gateway as a table, and what may be done next. */
import { percent } from '../../dashboard/numbers';
import { clientBaseUrl, type HostState } from '../../dashboard/protocol';
import { countReady, type GatewaySnapshot, signedOutIds } from '../../gateway/snapshot';
import type { Localize } from '../localize';
import { escapeMarkdown } from '../markdown';
import { choosePath, type Step, step, stepsAfter } from './nextSteps';

export interface StatusReport {
  readonly markdown: string;
  readonly steps: readonly Step[];
}

/** @param model The name of the model that answers here; undefined while nobody can tell. */
export function statusReport(
  state: HostState,
  model: string | undefined,
  t: Localize,
): StatusReport {
  switch (state.kind) {
    case 'stopped':
      return {
        markdown: t('Lingma Gateway is stopped. It starts with your next question.'),
        steps: [step('start', t('Start'))],
      };
    case 'starting':
      return { markdown: t('Lingma Gateway is starting.'), steps: [showLog(t)] };
    case 'stopping':
      return { markdown: t('Lingma Gateway is stopping.'), steps: [showLog(t)] };
    case 'failed':
      return {
        markdown: t('Lingma Gateway has failed. {0}', escapeMarkdown(state.problem)),
        steps: stepsAfter(state.code, t),
      };
    case 'ready': {
      const { snapshot, role } = state;
      const signedOut = signedOutIds(snapshot).length > 0;
      const rows: [string, string][] = [
        [t('State'), stateOf(snapshot, t)],
        ...(role === 'follower'
          ? [[t('Runs in'), t('another window')] satisfies [string, string]]
          : []),
        [t('Address'), `\`${clientBaseUrl(state) ?? ''}\``],
        ...(model ? [[t('Model'), escapeMarkdown(model)] satisfies [string, string]] : []),
        ...numbers(snapshot, t),
      ];
      return {
        markdown: table(rows),
        steps: [
          ...(signedOut ? [step('signIn', t('Sign In'))] : []),
          ...(snapshot.demo ? [choosePath(t)] : []),
          step('openPanel', t('Open Dashboard')),
          step('copyBaseUrl', t('Copy Base URL')),
        ],
      };
    }
  }
}

function stateOf(snapshot: GatewaySnapshot, t: Localize): string {
  const { ready, total } = countReady(snapshot);
  const signedOut = signedOutIds(snapshot);
  if (snapshot.demo) return t('The embedded demo answers: no Lingma was found.');
  if (ready === 0) return t('No instance is ready.');
  if (signedOut.length > 0) return t('Signed out: {0}', signedOut.join(', '));
  return total === ready ? t('Ready') : t('Ready in part');
}

function numbers(snapshot: GatewaySnapshot, t: Localize): [string, string][] {
  const { sessionCache: cache, concurrency, turns } = snapshot;
  const { ready, total } = countReady(snapshot);
  const lookups = cache.hit_total + cache.miss_total;
  return [
    [t('Instances'), t('{0} of {1} ready', ready, total)],
    [
      t('Hit rate'),
      cache.enabled
        ? t('{0} of {1} turns', lookups === 0 ? '–' : percent(cache.hit_rate), lookups)
        : t('Session reuse is off'),
    ],
    [t('Sessions'), t('{0} of {1}', cache.size, cache.max)],
    [
      t('Turns'),
      t(
        '{0} completed, {1} failed, {2} running',
        turns.completed,
        turns.failed,
        concurrency.inFlight,
      ),
    ],
  ];
}

/** The first row is the header that markdown wants. */
function table([head, ...rows]: readonly (readonly [string, string])[]): string {
  const line = (row: readonly [string, string]): string => `| ${row.join(' | ')} |`;
  return [...(head ? [line(head), '|---|---|'] : []), ...rows.map(line)].join('\n');
}

function showLog(t: Localize): Step {
  return step('showLog', t('Show Log'));
}
