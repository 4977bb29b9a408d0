/** What clients of Ollama call, beside its lists of models. */
import type { Route } from '../../http/server';
import { ollamaChat, ollamaGenerate } from '../../wire/ollama';
import { ollamaErrors } from '../../wire/ollamaErrors';
import { OLLAMA_VERSION } from '../../wire/ollamaModels';
import { type TurnDependencies, turnRoute } from './turns';

export function ollamaRoutes(deps: TurnDependencies): Route[] {
  return [
    {
      // Asked without a key by clients that look for an Ollama; it tells nothing of this gateway.
      method: 'GET',
      path: '/api/version',
      access: 'public',
      errors: ollamaErrors,
      handle: (context) => {
        context.sendJson(200, { version: OLLAMA_VERSION });
      },
    },
    turnRoute(deps, ollamaChat, 'ollama'),
    turnRoute(deps, ollamaGenerate, 'ollama'),
  ];
}
