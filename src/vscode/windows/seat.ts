/**
 * Which place a window takes: it leads when it can bind the port, else it follows the window that
 * does. Whether that is one of ours is proved first, never assumed.
 */
import { GatewayError } from '../../base/errors';
import { version } from '../../base/version';
import { WINDOW_PROTOCOL } from '../../gateway/windowIdentity';
import type { Probe } from './probe';

/** After so many rounds in which the port was neither free nor held by anybody, it is an error. */
const MAX_ROUNDS = 8;
/** Longest time that another window's restart is waited for, in milliseconds. */
const RESTART_PATIENCE_MS = 8_000;

/** How a window comes to look for a place. */
export type Arrival =
  /** Its start, or the user's wish. */
  | 'fresh'
  /** The gateway it followed has gone. */
  | 'succession'
  /** The gateway it followed is about to come back in its own window. */
  | 'restart';

export interface SeatPlan {
  readonly port: number;
  readonly arrival: Arrival;
  /** How often in a row the gateways it followed went at once; slows the next try down. */
  readonly hops: number;
  /** Binds the port and starts the gateway. Rejects with `port_in_use` when the port is taken. */
  readonly lead: () => Promise<void>;
  /** Follows the gateway on the port. Rejects with `leader_gone` when it goes meanwhile. */
  readonly follow: () => Promise<void>;
  readonly probe: () => Promise<Probe>;
  /** Waits; resolves at once when the window wants no place any more. */
  readonly pause: (ms: number) => Promise<void>;
  /** True once the window wants no place any more. */
  readonly abandoned: () => boolean;
  /** From 0 up to 1. */
  readonly random: () => number;
}

/**
 * Leads or follows, or gives up without a word when it is abandoned. Rejects with what `lead` and
 * `follow` reject with, and with `port_in_use` or `leader_outdated` when neither can be.
 */
export async function takeSeat(plan: SeatPlan): Promise<void> {
  const { port, arrival, hops, lead, follow, probe, pause, abandoned, random } = plan;
  // Windows that lose their gateway at the same time do not all reach for the port at once.
  const jitterMs = (round: number): number => (50 + random() * 350) * 2 ** Math.min(round, 4);
  if (arrival !== 'fresh') await pause(jitterMs(hops));
  let patienceMs = arrival === 'restart' ? RESTART_PATIENCE_MS : 0;
  for (let round = 0; !abandoned(); round++) {
    let taken: GatewayError | undefined;
    if (patienceMs <= 0) {
      try {
        await lead();
        return;
      } catch (error) {
        if (!hasCode(error, 'port_in_use') || abandoned()) throw error;
        taken = error;
      }
    }
    const found = await probe();
    switch (found.kind) {
      case 'ours': {
        found.socket.destroy();
        const { identity } = found;
        if (identity.protocol !== WINDOW_PROTOCOL) throw leaderOutdated(identity.version);
        try {
          await follow();
          return;
        } catch (error) {
          if (!hasCode(error, 'leader_gone')) throw error;
        }
        break;
      }
      case 'gateway':
        throw otherGateway(port);
      case 'silent':
        throw silent(port);
      case 'stranger':
        if (taken) throw taken;
        patienceMs = 0;
        break;
      case 'gone':
        if (taken && round >= MAX_ROUNDS) throw taken;
        break;
    }
    const pauseMs = jitterMs(patienceMs > 0 ? 0 : round);
    patienceMs -= pauseMs;
    await pause(pauseMs);
  }
}

function hasCode(error: unknown, code: string): error is GatewayError {
  return error instanceof GatewayError && error.code === code;
}

function leaderOutdated(other: string): GatewayError {
  return new GatewayError({
    code: 'leader_outdated',
    status: 503,
    message:
      `Another window runs the gateway with version ${other} of this extension, which does not go ` +
      `together with version ${version} here. Reload that window and this one.`,
  });
}

/** The launcher's, another user's, or one of a window that cannot read our secret. */
function otherGateway(port: number): GatewayError {
  return new GatewayError({
    code: 'port_in_use',
    status: 503,
    message:
      `Port ${port} on 127.0.0.1 is taken by another Lingma Gateway, which is not one of your ` +
      'windows: the launcher, another user, or an older version. Stop that one, or choose ' +
      'another port (setting lingmaGateway.port).',
  });
}

function silent(port: number): GatewayError {
  return new GatewayError({
    code: 'port_in_use',
    status: 503,
    message:
      `Port ${port} on 127.0.0.1 is taken by a program that does not answer. If it is another ` +
      'window, reload that one; else choose another port (setting lingmaGateway.port).',
  });
}
