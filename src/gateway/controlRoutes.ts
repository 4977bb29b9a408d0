/** What the owner of a gateway may do to it over HTTP, without VS Code. */
import { type GatewayError, invalidRequest } from '../base/errors';
import { isRecord } from '../base/json';
import { readJson } from '../http/body';
import type { Route } from '../http/server';
import { bounds, type GatewayOptions } from './options';
import type { SignInOffer } from './signIn';

export type PoolSize = Pick<GatewayOptions, 'instances' | 'maxInFlight'>;

export interface GatewayControl {
  readonly size: PoolSize;
  resize(size: PoolSize): void;
  restartInstance(instanceId: string): void;
  drainInstance(instanceId: string): void;
  beginSignIn(): Promise<SignInOffer>;
}

/** Actions answer 202 as soon as they have begun; `/internal/stats` shows how they go on. */
export function controlRoutes(control: GatewayControl): Route[] {
  const instanceAction = (name: string, act: (instanceId: string) => void): Route => ({
    method: 'POST',
    path: `/internal/instances/{id}/${name}`,
    access: 'owner',
    handle: (context) => {
      const instance = context.params['id'] ?? '';
      act(instance);
      context.sendJson(202, { instance, action: name });
    },
  });
  return [
    {
      method: 'POST',
      path: '/internal/login',
      access: 'owner',
      handle: async (context) => {
        const { instanceId, loginUrl } = await control.beginSignIn();
        context.sendJson(200, { instance: instanceId, loginUrl, hint: SIGN_IN_HINT });
      },
    },
    {
      method: 'POST',
      path: '/internal/pool',
      access: 'owner',
      handle: async (context) => {
        const size = readPoolSize(await readJson(context.request), control.size);
        control.resize(size);
        context.sendJson(202, size);
      },
    },
    instanceAction('restart', (instanceId) => {
      control.restartInstance(instanceId);
    }),
    instanceAction('drain', (instanceId) => {
      control.drainInstance(instanceId);
    }),
  ];
}

const SIGN_IN_HINT =
  'Open loginUrl in a browser on this computer. The gateway notices when you have signed in; ' +
  'GET /internal/stats then shows signedIn as true for this instance.';

/** The wanted size; what is left out stays as it is `now`. Throws `invalid_request`. */
function readPoolSize(body: unknown, now: PoolSize): PoolSize {
  if (!isRecord(body)) throw invalidRequest(undefined, 'Send a JSON object.');
  const { instances = now.instances, maxInFlight = now.maxInFlight, ...others } = body;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw invalidRequest(unknown, 'This endpoint takes instances and maxInFlight only.');
  }
  return {
    instances: integer('instances', instances),
    maxInFlight: integer('maxInFlight', maxInFlight),
  };
}

function integer(name: keyof PoolSize, value: unknown): number {
  const { min, max } = bounds[name];
  if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  throw outOfBounds(name, min, max);
}

function outOfBounds(name: string, min: number, max: number): GatewayError {
  return invalidRequest(name, `${name} takes a whole number from ${min} to ${max}.`);
}
