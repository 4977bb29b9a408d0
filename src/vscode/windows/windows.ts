/** The other windows of this user, as the controller needs them. */
import { homedir } from 'node:os';
import type { Logger } from '../../observe/log';
import type { FollowedGateway } from '../hostedGateway';
import { type LeaderAddress, identityMs } from './leaderClient';
import { type Probe, probe } from './probe';
import { RemoteGateway } from './remoteGateway';
import { clientKeyOf, readWindowKey, windowsFolder } from './windowKey';

export interface Windows {
  /** The secret of all windows; undefined when it cannot be trusted, so that none can follow. */
  secret(): Promise<string | undefined>;
  /** The key that clients of all the user's editors present; undefined without the secret. */
  clientKey(): Promise<string | undefined>;
  /** Who listens there. */
  probe(address: LeaderAddress): Promise<Probe>;
  /** The gateway there, once `start` has connected to it. */
  follow(address: LeaderAddress): FollowedGateway;
  /** From 0 up to 1. */
  random(): number;
}

/** The windows of the user of this process. */
export function userWindows(logger: Logger): Windows {
  let reported = '';
  const windows: Windows = {
    async secret() {
      const { platform, env } = process;
      const folder = windowsFolder({ platform, env, home: homedir() });
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
    async clientKey() {
      const secret = await windows.secret();
      return secret && clientKeyOf(secret);
    },
    probe: (address) => probe({ ...address, timeoutMs: identityMs }),
    follow: (address) => new RemoteGateway(address),
    random: Math.random,
  };
  return windows;
}
