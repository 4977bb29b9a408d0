/** Buttons that lead on from a state or a failure: which commands, under which names. */
import type { ErrorCode } from '../../base/errors';
import { commandIds, type CommandName, settingIds } from '../ids';
import type { Localize } from '../localize';

/** A button of an answer: `vscode.Command` as plain data. */
export interface Step {
  readonly command: string;
  readonly title: string;
  readonly arguments?: string[];
}

/** The step that runs a command of ours. */
export function step(name: CommandName, title: string, ...args: string[]): Step {
  return {
    command: commandIds[name],
    title,
    ...(args.length > 0 ? { arguments: args } : {}),
  };
}

/** What may be done about a turn, or a start, that failed with this code. */
export function stepsAfter(code: ErrorCode, t: Localize): Step[] {
  const showLog = step('showLog', t('Show Log'));
  switch (code) {
    case 'upstream_auth':
      return [step('signIn', t('Sign In'))];
    case 'binary_not_found':
      return [choosePath(t), step('start', t('Retry'))];
    case 'port_in_use':
    case 'port_not_allowed':
      return [
        step('openSettings', t('Choose Another Port'), settingIds.port),
        step('start', t('Retry')),
      ];
    case 'address_not_available':
      return [step('openSettings', t('Open Settings'), settingIds.host), step('start', t('Retry'))];
    case 'no_instance':
    case 'instance_lost':
    case 'start_failed':
    case 'upstream_timeout':
    case 'work_dir_in_use':
    case 'work_dir_unusable':
      return [step('restart', t('Restart')), showLog];
    case 'stopping':
      return [step('start', t('Start'))];
    case 'too_many_requests':
    case 'queue_full':
    case 'queue_timeout':
    case 'upstream_rate_limit':
    case 'cancelled':
      return [];
    default:
      return [showLog];
  }
}

/** Leads to the setting that says where Lingma is. */
export function choosePath(t: Localize): Step {
  return step('openSettings', t('Set the Path'), settingIds.lingmaPath);
}
