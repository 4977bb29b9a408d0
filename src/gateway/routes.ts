/** The HTTP surface: which path runs what. */
import { version } from '../base/version';
import type { Route } from '../http/server';
import { anthropicMessages } from '../wire/anthropicMessages';
import { openAiChat } from '../wire/openaiChat';
import { describeCapabilities } from './capabilities';
import { controlRoutes, type GatewayControl } from './controlRoutes';
import type { LiveOptions } from './liveOptions';
import type { ClientKeys } from './clientKeys';
import { activityRoutes, type ActivityDependencies } from './routes/activity';
import { countTokensRoute } from './routes/countTokens';
import { type KeyDependencies, keyRoutes } from './routes/keys';
import { type ModelDependencies, modelRoutes } from './routes/models';
import { ollamaRoutes } from './routes/ollama';
import { operationsRoutes, type OperationsDependencies } from './routes/operations';
import { type ResponsesDependencies, responsesRoutes } from './routes/responses';
import { turnRoute } from './routes/turns';
import { windowRoutes, type WindowsDependencies } from './routes/windows';

export interface RouteDependencies
  extends OperationsDependencies, ModelDependencies, ResponsesDependencies {
  readonly clients: KeyDependencies & Pick<ClientKeys, 'during'>;
  readonly control: GatewayControl & ActivityDependencies;
  /** Set when it serves other windows of its user, too. */
  readonly windows?: WindowsDependencies | undefined;
  readonly rules: Pick<LiveOptions, 'modelAliases' | 'askMode' | 'remoteImages'>;
}

export function createRoutes(deps: RouteDependencies): Route[] {
  const table: Route[] = [
    ...operationsRoutes(deps),
    {
      method: 'GET',
      path: '/v1/capabilities',
      access: 'key',
      handle: (context) => {
        context.sendJson(200, describeCapabilities(routes, deps.snapshot(), deps.rules));
      },
    },
    {
      // It says nothing that a refusal would not: who looks for the way in may well see it.
      method: 'GET',
      path: '/openapi.json',
      access: 'public',
      handle: async (context) => {
        const { describeApi } = await import('./openapi/document');
        context.sendJson(200, describeApi(routes, version));
      },
    },
    ...modelRoutes(deps),
    turnRoute(deps, openAiChat, 'chat'),
    turnRoute(deps, anthropicMessages, 'messages'),
    countTokensRoute(deps.turns),
    ...responsesRoutes(deps),
    ...ollamaRoutes(deps),
    ...controlRoutes(deps.control),
    ...activityRoutes(deps.control),
    ...keyRoutes(deps.clients),
    ...(deps.windows ? windowRoutes(deps.windows) : []),
  ];
  const routes = table.map(withoutVersion).map((route) => watched(route, deps.clients));
  return routes;
}

/** Notes the use of keys, so that a revoked one ends what it has begun. */
function watched(route: Route, clients: Pick<ClientKeys, 'during'>): Route {
  if (route.access !== 'key') return route;
  return {
    ...route,
    handle: (context, client) =>
      clients.during(client, context, () => route.handle(context, client)),
  };
}

/** Some clients put `/v1` in front of their paths, others leave it to the base URL. */
function withoutVersion(route: Route): Route {
  if (!route.path.startsWith('/v1/')) return route;
  return { ...route, aliases: [...(route.aliases ?? []), route.path.slice('/v1'.length)] };
}
