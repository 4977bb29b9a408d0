/** What the gateway tells of itself. */
import type { Route } from '../../http/server';
import { type RequestCounter, renderMetrics } from '../metrics';
import { countReady, type GatewaySnapshot } from '../snapshot';

const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** The one step from the demo to the real thing; the launcher and the panel say the same. */
export const DEMO_HINT =
  'The embedded demo is answering because no Lingma was found. To use yours, set ' +
  'lingmaGateway.lingmaPath in VS Code, or start the launcher with --lingma PROGRAM.';

export interface OperationsDependencies {
  readonly snapshot: () => GatewaySnapshot;
  readonly requests: RequestCounter;
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
        context.sendJson(instances.ready > 0 ? 200 : 503, {
          status: instances.ready > 0 ? 'ok' : 'unavailable',
          demo: snapshot.demo,
          ...(snapshot.demo ? { hint: DEMO_HINT } : {}),
          version: snapshot.version,
          instances,
        });
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      access: 'owner',
      handle: (context) => {
        context.send(200, METRICS_TYPE, renderMetrics(deps.snapshot(), deps.requests));
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
