/** What the status bar shows for each state, as plain data: no VS Code needed to test it. */
import { percent, pluralForm } from '../dashboard/numbers';
import { clientBaseUrl, type HostState, type Role } from '../dashboard/protocol';
import { countReady, type GatewaySnapshot, signedOutIds } from '../gateway/snapshot';
import { commandIds, type CommandName, displayName, settingIds } from './ids';
import type { Localize } from './localize';
import { escapeMarkdown } from './markdown';

/** What the one item stands for; a gateway that runs is the first of these that holds. */
export type StatusBarState =
  | { readonly kind: 'stopped' | 'starting' | 'stopping' }
  | { readonly kind: 'failed'; readonly problem: string }
  | ({
      readonly kind:
        /** No instance is ready. */
        | 'unavailable'
        /** Nobody is signed in to any instance that is ready. */
        | 'signedOut'
        /** Some instances are not ready, or signed out. */
        | 'degraded'
        /** Turns run. */
        | 'busy'
        /** The embedded demo answers. */
        | 'demo'
        | 'ready';
    } & RunningGateway);

interface RunningGateway {
  readonly role: Role;
  readonly snapshot: GatewaySnapshot;
}

export interface StatusBarView {
  readonly text: string;
  /** Markdown; its command links are all in `tooltipCommands`. */
  readonly tooltip: string;
  readonly accessibilityLabel: string;
  readonly background?: 'warning' | 'error';
}

/** The commands a tooltip may link to. */
export const tooltipCommands = [
  'start',
  'stop',
  'restart',
  'signIn',
  'copyBaseUrl',
  'copyApiKey',
  'openSettings',
  'showLog',
] as const satisfies CommandName[];

type TooltipCommand = (typeof tooltipCommands)[number];

const INSTANCES_READY = {
  one: '{0} of {1} instance ready',
  other: '{0} of {1} instances ready',
};
const REQUESTS_RUNNING = {
  one: '{0} request running',
  other: '{0} requests running',
};

const pathArgument = encodeURIComponent(JSON.stringify([settingIds.lingmaPath]));

/** The one state the item is in. */
export function statusBarState(state: HostState): StatusBarState {
  if (state.kind === 'failed') return { kind: 'failed', problem: state.problem };
  if (state.kind !== 'ready') return { kind: state.kind };
  const { role, snapshot } = state;
  return { kind: runningKind(snapshot), role, snapshot };
}

function runningKind(snapshot: GatewaySnapshot) {
  const { ready, total } = countReady(snapshot);
  const signedOut = signedOutIds(snapshot).length;
  if (ready === 0) return 'unavailable';
  if (signedOut >= ready) return 'signedOut';
  if (ready < total || signedOut > 0) return 'degraded';
  if (snapshot.concurrency.inFlight > 0) return 'busy';
  return snapshot.demo ? 'demo' : 'ready';
}

/** @param language BCP 47 tag of the language that `t` speaks. */
export function renderStatusBar(state: HostState, t: Localize, language: string): StatusBarView {
  const now = statusBarState(state);
  switch (now.kind) {
    case 'stopped':
      return simple('$(circle-slash)', t('Lingma off'), t('stopped'), links(t, 'start', 'showLog'));
    case 'starting':
      return simple(
        '$(loading~spin)',
        t('Lingma starting'),
        t('starting'),
        links(t, 'stop', 'showLog'),
      );
    case 'stopping':
      return simple('$(loading~spin)', t('Lingma stopping'), t('stopping'), links(t, 'showLog'));
    case 'failed':
      return {
        ...simple(
          '$(error)',
          t('Lingma failed'),
          t('failed. {0}', now.problem),
          links(t, 'restart', 'openSettings', 'showLog'),
        ),
        background: 'error',
      };
    case 'unavailable':
    case 'signedOut':
    case 'degraded':
    case 'busy':
    case 'demo':
    case 'ready':
      return running(now, clientBaseUrl(state), t, language);
  }
}

function simple(icon: string, text: string, says: string, commands: string): StatusBarView {
  return {
    text: `${icon} ${text}`,
    tooltip: [`**${displayName}** — ${escapeMarkdown(says)}`, commands].join('\n\n'),
    accessibilityLabel: `${displayName}: ${says}`,
  };
}

type RunningState = Extract<StatusBarState, RunningGateway>;

function running(
  now: RunningState,
  url: string | undefined,
  t: Localize,
  language: string,
): StatusBarView {
  const { kind, role, snapshot } = now;
  const { ready, total } = countReady(snapshot);
  const rate = hitRate(snapshot);
  const name =
    kind === 'signedOut' ? t('Lingma signed out') : snapshot.demo ? t('Lingma demo') : t('Lingma');
  const text = [`${icons[kind]} ${name}`, rate, `${ready}/${total}`].filter(Boolean).join(' · ');
  const signedOut = signedOutIds(snapshot);
  const says = [
    description(now, t, language),
    rate && t('hit rate {0}', rate),
    t(pluralForm(total, INSTANCES_READY, language), ready, total),
    role === 'follower' && t('served by another window'),
  ].filter((part) => typeof part === 'string');
  const tooltip = [
    `**${displayName}** — ${escapeMarkdown(says.join(', '))}`,
    `\`${url ?? ''}\``,
    ...(signedOut.length > 0
      ? [`${t('Signed out: {0}', signedOut.join(', '))} · ${links(t, 'signIn')}`]
      : []),
    ...(snapshot.demo
      ? [
          t('No Lingma was found: the embedded demo answers. Set the path of Lingma to switch.') +
            ` [${t('Set the Path')}](command:${commandIds.openSettings}?${pathArgument})`,
        ]
      : []),
    table(snapshot, t),
    ...(role === 'follower'
      ? [t('Another window runs the gateway. Stop and Restart hold for all windows.')]
      : []),
    links(t, 'copyBaseUrl', 'copyApiKey', 'restart', 'stop', 'showLog'),
  ].join('\n\n');
  return {
    // What follows another window looks the same, but for a small sign.
    text: role === 'follower' ? `${text} $(link)` : text,
    tooltip,
    accessibilityLabel: `${displayName}: ${says.join(', ')}`,
    ...((kind === 'unavailable' || kind === 'signedOut') && { background: 'warning' }),
  };
}

const icons = {
  unavailable: '$(warning)',
  signedOut: '$(sign-in)',
  degraded: '$(warning)',
  busy: '$(sync~spin)',
  demo: '$(beaker)',
  ready: '$(zap)',
} as const satisfies Record<RunningState['kind'], string>;

function description({ kind, snapshot }: RunningState, t: Localize, language: string): string {
  const { inFlight } = snapshot.concurrency;
  switch (kind) {
    case 'unavailable':
      return t('not available');
    case 'signedOut':
      return t('signed out');
    case 'degraded':
      return t('degraded');
    case 'busy':
      return t(pluralForm(inFlight, REQUESTS_RUNNING, language), inFlight);
    case 'demo':
      return t('demo answers');
    case 'ready':
      return t('ready');
  }
}

/** `87%`, `–` before the first look-up, undefined when the cache is off. */
function hitRate({ sessionCache: cache }: GatewaySnapshot): string | undefined {
  if (!cache.enabled) return undefined;
  if (cache.hit_total + cache.miss_total === 0) return '–';
  return percent(cache.hit_rate);
}

function table(snapshot: GatewaySnapshot, t: Localize): string {
  const { sessionCache: cache, concurrency, turns } = snapshot;
  const { ready, total } = countReady(snapshot);
  const rate = hitRate(snapshot);
  const rows: [string, string][] = [
    [t('Instances ready'), t('{0} of {1}', ready, total)],
    [
      t('Hit rate'),
      rate === undefined
        ? t('session reuse is off')
        : t('{0}, {1} hits, {2} misses', rate, cache.hit_total, cache.miss_total),
    ],
    [t('Sessions'), t('{0} of {1}', cache.size, cache.max)],
    [t('In flight'), t('{0}, {1} waiting', concurrency.inFlight, concurrency.queued)],
    [t('Saved'), t('{0} of {1} tokens', turns.cachedTokens, turns.inputTokens)],
  ];
  // Without a head of its own the first row would become one.
  return ['| | |', '|:--|:--|', ...rows.map((row) => `| ${row.join(' | ')} |`)].join('\n');
}

function links(t: Localize, ...names: TooltipCommand[]): string {
  return names.map((name) => `[${linkTitle(name, t)}](command:${commandIds[name]})`).join(' · ');
}

function linkTitle(name: TooltipCommand, t: Localize): string {
  switch (name) {
    case 'start':
      return t('Start');
    case 'stop':
      return t('Stop');
    case 'restart':
      return t('Restart');
    case 'signIn':
      return t('Sign In');
    case 'copyBaseUrl':
      return t('Copy Base URL');
    case 'copyApiKey':
      return t('Copy API Key');
    case 'openSettings':
      return t('Open Settings');
    case 'showLog':
      return t('Show Log');
  }
}
