/** What the command to restart an instance offers, as plain data. */
import type { InstanceAction } from '../dashboard/protocol';
import type { GatewaySnapshot } from '../gateway/snapshot';
import type { Localize } from './localize';

export interface InstancePick {
  readonly label: string;
  readonly description: string;
  readonly id: string;
  readonly action: InstanceAction;
}

/** One way for an idle or broken instance; two for one with turns, the gentle one first. */
export function instancePicks({ instances }: GatewaySnapshot, t: Localize): InstancePick[] {
  return instances.flatMap(({ id, state, inFlight, draining }): InstancePick[] => {
    const now: InstancePick = {
      label: id,
      description: state === 'failed' ? t('try again') : t('restart now'),
      id,
      action: 'restart',
    };
    if (inFlight === 0 || draining) return [now];
    return [{ ...now, description: t('restart after its requests'), action: 'drain' }, now];
  });
}
