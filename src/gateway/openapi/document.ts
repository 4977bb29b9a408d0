/** `/openapi.json`: the routes as OpenAPI 3.1. Loaded when somebody asks for it. */
import type { Route } from '../../http/server';
import { JSON_TYPE, type Operation, operations, type Parameter } from './operations';
import { ref, type Schema, schemas, string } from './schemas';

export type DescribedRoute = Pick<Route, 'method' | 'path' | 'access' | 'aliases'>;

/** Either way of sending a key will do. */
const SECURITY = {
  public: [],
  key: [{ clientBearer: [] }, { clientHeader: [] }],
  owner: [{ ownerBearer: [] }, { ownerHeader: [] }],
} as const;

const CLIENT = 'The key of any client, or the gateway’s own.';
const OWNER = 'The gateway’s own key; those of clients open nothing here.';

/** A route that nobody has described is in it as well, with nothing but its path. */
export function describeApi(routes: readonly DescribedRoute[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    for (const path of [route.path, ...(route.aliases ?? [])]) {
      (paths[path] ??= {})[route.method.toLowerCase()] = describe(route, path);
    }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lingma Gateway',
      version,
      summary: 'Lingma for clients of OpenAI, Anthropic and Ollama, on one machine.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      schemas,
      securitySchemes: {
        clientBearer: { type: 'http', scheme: 'bearer', description: CLIENT },
        clientHeader: { type: 'apiKey', in: 'header', name: 'x-api-key', description: CLIENT },
        ownerBearer: { type: 'http', scheme: 'bearer', description: OWNER },
        ownerHeader: { type: 'apiKey', in: 'header', name: 'x-api-key', description: OWNER },
      },
    },
  };
}

function describe({ method, path, access }: DescribedRoute, at: string): object {
  const operation = operations[`${method} ${path}`];
  const { tag, summary, description, query, headers, body } = operation ?? {};
  return {
    operationId: `${method} ${at}`.toLowerCase().replace(/[^a-z0-9]+/g, '_'),
    ...(tag ? { tags: [tag] } : {}),
    summary: at === path ? summary : `${summary ?? ''} (another path of ${path})`,
    ...(description ? { description } : {}),
    security: SECURITY[access],
    parameters: [
      ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
        name,
        in: 'path',
        required: true,
        schema: string,
      })),
      ...parameters('query', query),
      ...parameters('header', headers),
    ],
    ...(body ? { requestBody: { required: true, content: content({ [JSON_TYPE]: body }) } } : {}),
    responses: {
      ...answers(operation),
      default: {
        description: 'It was refused, or it failed; the message names the next step.',
        content: content({ [JSON_TYPE]: errorSchema(operation) }),
      },
    },
  };
}

function parameters(
  place: 'query' | 'header',
  named: Readonly<Record<string, Parameter>> = {},
): object[] {
  return Object.entries(named).map(([name, { description, schema }]) => ({
    name,
    in: place,
    description,
    schema,
  }));
}

function answers(operation: Operation | undefined): Record<string, object> {
  return Object.fromEntries(
    Object.entries(operation?.answers ?? {}).map(([status, bodies]) => [
      status,
      {
        description: DESCRIPTIONS[status] ?? 'Done.',
        headers: { 'x-request-id': { description: 'Names this request.', schema: string } },
        content: content(bodies),
      },
    ]),
  );
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  201: 'Made.',
  202: 'Begun.',
  503: 'Not at the moment.',
};

function errorSchema(operation: Operation | undefined): Schema {
  const { errors } = operation ?? {};
  if (errors === 'either') return { anyOf: [ref('Error'), ref('AnthropicError')] };
  return ref(errors ?? 'Error');
}

function content(bodies: Readonly<Record<string, Schema>>): object {
  return Object.fromEntries(Object.entries(bodies).map(([type, schema]) => [type, { schema }]));
}
