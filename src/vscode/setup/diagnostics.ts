/** What a report of a problem needs, as Markdown; nothing in it is secret or said in a conversation. */
import type { HostState } from '../../dashboard/protocol';
import { snapshotOf } from '../../dashboard/protocol';
import { shownAddress, shownNames, shownProgram } from '../../gateway/effectiveConfig';
import { settingIds, type SettingName } from '../ids';
import { settingDefaults, type Settings } from '../settings';
import { type Private, redact } from './redact';

export interface DiagnosticFacts {
  /** What runs where: names and values, in the order in which they are shown. */
  readonly versions: Readonly<Record<string, string>>;
  readonly settings: Settings;
  readonly state: HostState;
  readonly log: readonly string[];
  readonly hidden: Private;
}

/** The report, in English whatever the user's language is: it is for those who mend. */
export function renderDiagnostics(facts: DiagnosticFacts): string {
  const { versions, settings, state, log, hidden } = facts;
  const text = [
    '### Lingma Gateway diagnostics',
    '',
    ...Object.entries(versions).map(([name, value]) => `- ${name}: ${value}`),
    '',
    '**Settings** that differ from their defaults',
    '',
    fenced('json', JSON.stringify(changedSettings(settings), null, 2)),
    '',
    `**State**: ${state.kind}${state.kind === 'ready' ? ` (${state.role})` : ''}`,
    ...(state.kind === 'failed' ? ['', `\`${state.code}\`: ${state.problem}`] : []),
    '',
    fenced('json', JSON.stringify(snapshotOf(state), null, 2)),
    '',
    '**Log**, the last lines',
    '',
    fenced('text', log.join('\n')),
    '',
  ].join('\n');
  return redact(text, hidden);
}

function changedSettings(settings: Settings): Record<string, unknown> {
  const shown = Object.entries({
    ...settings,
    agentCommand: shownProgram(settings.agentCommand),
    attachTo: shownAddress(settings.attachTo),
    passEnvironment: shownNames(settings.passEnvironment),
  });
  return Object.fromEntries(
    shown
      .filter(
        ([name, value]) =>
          JSON.stringify(value) !== JSON.stringify(settingDefaults[name as SettingName]),
      )
      .map(([name, value]) => [settingIds[name as SettingName], value]),
  );
}

/** A block that no line of the text can close. */
function fenced(language: string, text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text}\n${fence}`;
}
