/** What the gateway tells of itself. */
import { LOOPBACK, plainAddress } from '../../base/address';
import { invalidRequest } from '../../base/errors';
import type { Route } from '../../http/server';
import type { EffectiveConfig } from '../effectiveConfig';
import { type MetricsReading, renderMetrics } from '../metrics';
import { countReady, type GatewaySnapshot } from '../snapshot';
import { CHALLENGE_HEADER, isChallenge, type WindowIdentity } from '../windowIdentity';

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The one step from the demo to the real thing; the launcher and the panel say the same. */
export const DEMO_HINT =
  'The embedded demo is answering because no Lingma was found. To use yours, set ' +
  'lingmaGateway.lingmaPath in VS Code, or start the launcher with --lingma PROGRAM.';

export interface OperationsDependencies {
  readonly snapshot: () => GatewaySnapshot;
  readonly metrics: () => Promise<MetricsReading>;
  readonly effectiveConfig: () => EffectiveConfig;
  /** Whether it is about to leave, and a balancer should look elsewhere. */
  readonly draining: () => boolean;
  /**
   * Proves to another window, which has connected to that address, whose gateway this is; absent
   * where no window runs it.
   */
  readonly identify?: ((challenge: string, host: string) => WindowIdentity) | undefined;
}

export function operationsRoutes(deps: OperationsDependencies): Route[] {
  return [
    {
      // Clients such as Claude Code look here, without a key, whether anybody is at home.
      method: 'GET',
      path: '/',
      access: 'public',
      handle: (context) => {
        context.send(200, 'text/plain; charset=utf-8', 'Lingma Gateway is running.\n');
      },
    },
    {
      method: 'GET',
      path: '/healthz',
      access: 'public',
      handle: (context) => {
        const snapshot = deps.snapshot();
        const instances = countReady(snapshot);
        const { headers, socket } = context.request;
        const { localAddress = LOOPBACK } = socket;
        const challenge = readChallenge(headers[CHALLENGE_HEADER]);
        const ready = instances.ready > 0 ? 'ok' : 'unavailable';
        const status = deps.draining() ? 'draining' : ready;
        context.sendJson(status === 'ok' ? 200 : 503, {
          status,
          demo: snapshot.demo,
          ...(snapshot.demo ? { hint: DEMO_HINT } : {}),
          version: snapshot.version,
          instances,
          ...(challenge !== undefined && deps.identify
            ? { identity: deps.identify(challenge, plainAddress(localAddress)) }
            : {}),
        });
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      access: 'owner',
      handle: async (context) => {
        context.send(200, METRICS_TYPE, renderMetrics(await deps.metrics()));
      },
    },
    {
      method: 'GET',
      path: '/internal/effective-config',
      access: 'owner',
      handle: (context) => {
        context.sendJson(200, { options: deps.effectiveConfig() });
      },
    },
    {
      method: 'GET',
      path: '/internal/stats',
      access: 'owner',
      handle: (context) => {
        context.sendJson(200, deps.snapshot());
      },
    },
  ];
}

function readChallenge(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header === 'string' && isChallenge(header)) return header;
  throw invalidRequest(CHALLENGE_HEADER, `${CHALLENGE_HEADER} takes 16 to 64 bytes in hex.`);
}
