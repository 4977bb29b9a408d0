/** The Responses dialect, with what is kept of it: clients go on from a response by its id. */
import type { RequestContext } from '../../http/context';
import type { ClientIdentity } from '../../http/keyRing';
import { queryOf } from '../../http/paths';
import type { Route } from '../../http/server';
import { openAiErrors } from '../../wire/openaiErrors';
import { openAiResponses } from '../../wire/openaiResponses';
import {
  deleteResponse,
  listInputItems,
  type ResponseMemory,
  retrieveResponse,
} from '../../wire/openaiStoredResponses';
import type { ResponseStore } from '../responseStore';
import { type TurnDependencies, turnRoute } from './turns';

export interface ResponsesDependencies extends TurnDependencies {
  readonly responses: ResponseStore;
}

export function responsesRoutes(deps: ResponsesDependencies): Route[] {
  const stored = (
    method: 'GET' | 'DELETE',
    path: string,
    answer: (memory: ResponseMemory, id: string, query: URLSearchParams) => object,
  ): Route => ({
    method,
    path,
    access: 'key',
    errors: openAiErrors,
    handle: (context: RequestContext, client: ClientIdentity) => {
      const memory = deps.responses.of(client.scope);
      const id = context.params['id'] ?? '';
      context.sendJson(200, answer(memory, id, queryOf(context.request.url)));
    },
  });
  return [
    turnRoute(
      deps,
      {
        ...openAiResponses,
        parse: (body, headers, client) =>
          openAiResponses.parse(body, headers, deps.responses.of(client.scope)),
      },
      'responses',
    ),
    stored('GET', '/v1/responses/{id}', retrieveResponse),
    stored('DELETE', '/v1/responses/{id}', deleteResponse),
    stored('GET', '/v1/responses/{id}/input_items', listInputItems),
  ];
}
