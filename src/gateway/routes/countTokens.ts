/** `POST /v1/messages/count_tokens`: how large a request is, before it is sent. */
import { readJson } from '../../http/body';
import type { Route } from '../../http/server';
import { anthropicErrors } from '../../wire/anthropicErrors';
import { parseCountTokensRequest } from '../../wire/anthropicMessagesRequest';
import type { TurnRunner } from '../turn';

/** Counts here and now: no process is asked, so a burst of these holds nobody up. */
export function countTokensRoute(turns: Pick<TurnRunner, 'countInput'>): Route {
  return {
    method: 'POST',
    path: '/v1/messages/count_tokens',
    access: 'key',
    errors: anthropicErrors,
    handle: async (context) => {
      const body = await readJson(context.request);
      // Its key may have been revoked since; nothing that runs hears of that here.
      context.signal.throwIfAborted();
      const request = parseCountTokensRequest(body, context.request.headers);
      context.sendJson(200, { input_tokens: await turns.countInput(request) });
    },
  };
}
