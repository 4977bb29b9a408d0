/** What the status bar shows for each state, as plain data: no VS Code needed to test it. */
import { percent, pluralForm } from '../dashboard/numbers';
import { type HostState, clientBaseUrl } from '../dashboard/protocol';
import { countReady, type GatewaySnapshot, signedOutIds } from '../gateway/snapshot';
import { commandIds, type CommandName, displayName, settingIds } from './ids';
import type { Localize } from './localize';

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

const INSTANCES_READY = {
  one: '{0} of {1} instance ready',
  other: '{0} of {1} instances ready',
};

const pathArgument = encodeURIComponent(JSON.stringify([settingIds.lingmaPath]));

type TooltipCommand = (typeof tooltipCommands)[number];

/** @param language BCP 47 tag of the language that `t` speaks. */
export function renderStatusBar(state: HostState, t: Localize, language: string): StatusBarView {
  const links = (...names: TooltipCommand[]): string =>
    names.map((name) => `[${linkTitle(name, t)}](command:${commandIds[name]})`).join(' · ');
  const view = (
    text: string,
    says: string,
    detail: readonly string[],
    background?: 'warning' | 'error',
  ): StatusBarView => ({
    text,
    tooltip: [`**${displayName}** — ${escapeMarkdown(says)}`, ...detail].join('\n\n'),
    accessibilityLabel: `${displayName}: ${says}`,
    ...(background && { background }),
  });

  switch (state.kind) {
    case 'stopped':
      return view(`$(circle-slash) ${t('Lingma off')}`, t('stopped'), [links('start', 'showLog')]);
    case 'starting':
      return view(`$(loading~spin) ${t('Lingma starting')}`, t('starting'), [
        links('stop', 'showLog'),
      ]);
    case 'stopping':
      return view(`$(loading~spin) ${t('Lingma stopping')}`, t('stopping'), [links('showLog')]);
    case 'failed':
      return view(
        `$(error) ${t('Lingma failed')}`,
        t('failed. {0}', state.problem),
        [links('restart', 'openSettings', 'showLog')],
        'error',
      );
    case 'ready': {
      const { snapshot } = state;
      const { ready, total } = countReady(snapshot);
      const name = snapshot.demo ? t('Lingma demo') : t('Lingma');
      // Some may be signed out and others answer; what stops everything is none that is signed in.
      const signedOut = signedOutIds(snapshot);
      const locked = ready > 0 && signedOut.length >= ready;
      const icon = iconOf({ ready, locked, demo: snapshot.demo });
      const rate = hitRate(snapshot);
      const text = [`${icon} ${locked ? t('Lingma signed out') : name}`, rate, `${ready}/${total}`]
        .filter(Boolean)
        .join(' · ');
      const says = [
        locked ? t('signed out') : snapshot.demo ? t('demo answers') : t('ready'),
        rate && t('hit rate {0}', rate),
        t(pluralForm(total, INSTANCES_READY, language), ready, total),
      ];
      return view(
        text,
        says.filter(Boolean).join(', '),
        [
          `\`${clientBaseUrl(state) ?? ''}\``,
          ...(signedOut.length > 0
            ? [`${t('Signed out: {0}', signedOut.join(', '))} · ${links('signIn')}`]
            : []),
          ...numbers(snapshot, t),
          links('copyBaseUrl', 'copyApiKey', 'restart', 'stop', 'showLog'),
        ],
        ready === 0 || locked ? 'warning' : undefined,
      );
    }
  }
}

function iconOf(now: { ready: number; locked: boolean; demo: boolean }): string {
  if (now.ready === 0) return '$(warning)';
  if (now.locked) return '$(sign-in)';
  return now.demo ? '$(beaker)' : '$(zap)';
}

/** `87%`, `–` before the first look-up, undefined when the cache is off. */
function hitRate({ sessionCache: cache }: GatewaySnapshot): string | undefined {
  if (!cache.enabled) return undefined;
  if (cache.hit_total + cache.miss_total === 0) return '–';
  return percent(cache.hit_rate);
}

function numbers(
  { sessionCache: cache, concurrency, demo }: GatewaySnapshot,
  t: Localize,
): string[] {
  return [
    ...(demo
      ? [
          t('No Lingma was found: the embedded demo answers. Set the path of Lingma to switch.') +
            ` [${t('Set the Path')}](command:${commandIds.openSettings}?${pathArgument})`,
        ]
      : []),
    cache.enabled
      ? t(
          'Sessions {0} of {1} · hits {2} · misses {3} · in flight {4}',
          cache.size,
          cache.max,
          cache.hit_total,
          cache.miss_total,
          concurrency.inFlight,
        )
      : t('Session reuse is off · in flight {0}', concurrency.inFlight),
  ];
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

/** A problem's text may hold anything, a path above all; it must not become a link or markup. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_{}[\]()#+\-.!|<>$~&]/g, '\\$&');
}
