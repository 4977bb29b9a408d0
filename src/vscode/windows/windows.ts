/** The other windows of this user, as the controller needs them. */
import { homedir } from 'node:os';
import type { Logger } from '../../observe/log';
import type { FollowedGateway } from '../hostedGateway';
import { type LeaderAddress, identityMs } from './leaderClient';
import { type Probe, probe } from './probe';
import { RemoteGateway } from './remoteGateway';
import { SharedKeys } from '../keys/sharedKeys';
import { readWindowKey, windowsFolder } from './windowKey';

export interface Windows {
  /** The secret of all windows; undefined when it cannot be trusted, so that none can follow. */
  secret(): Promise<string | undefined>;
  /** What the user's editors agree on about keys; undefined without the secret. */
  keys(): Promise<SharedKeys | undefined>;
  /** Who listens there. */
  probe(address: LeaderAddress): Promise<Probe>;
  /** The gateway there, once `start` has connected to it. */
  follow(address: LeaderAddress): FollowedGateway;
  /** From 0 up to 1. */
  random(): number;
}

/** The windows of the user of this process. */
export function userWindows(logger: Logger): Windows {
  const { platform, env } = process;
  const folder = windowsFolder({ platform, env, home: homedir() });
  let reported = '';
  const windows: Windows = {
    async secret() {
      try {
        return await readWindowKey(folder, process.getuid?.());
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const report = `this window shares no gateway with others: ${reason}`;
        if (report !== reported) logger.log('warn', report);
        reported = report;
        return undefined;
      }
    },
    async keys() {
      const secret = await windows.secret();
      return secret === undefined ? undefined : new SharedKeys(folder, secret, process.getuid?.());
    },
    probe: (address) => probe({ ...address, timeoutMs: identityMs }),
    follow: (address) => new RemoteGateway(address),
    random: Math.random,
  };
  return windows;
}
