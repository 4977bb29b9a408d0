/** Which models there are, as each dialect lists them. */
import { invalidRequest } from '../../base/errors';
import { readJson } from '../../http/body';
import type { RequestContext } from '../../http/context';
import { queryOf } from '../../http/paths';
import type { Route } from '../../http/server';
import type { Model } from '../../lingma/models';
import { anthropicModel, anthropicModelPage } from '../../wire/anthropicModels';
import { lmStudioModels } from '../../wire/lmStudioModels';
import { ollamaErrors } from '../../wire/ollamaErrors';
import { ollamaModelName, ollamaShow, ollamaTags, showRequest } from '../../wire/ollamaModels';
import { openAiModel, openAiModelList } from '../../wire/openaiModels';
import { listedModel, listModels, type NameRules } from '../modelList';

export interface ModelDependencies {
  /** Read anew for each request. */
  readonly rules: NameRules;
  readonly models: (signal: AbortSignal) => Promise<readonly Model[]>;
}

export function modelRoutes(deps: ModelDependencies): Route[] {
  const { models, rules } = deps;
  const list = async ({ signal }: RequestContext) => listModels(await models(signal), rules);
  const find = async ({ signal }: RequestContext, name: string) =>
    listedModel(name, await models(signal), rules);
  return [
    {
      method: 'GET',
      path: '/v1/models',
      access: 'key',
      handle: async (context) => {
        const listed = await list(context);
        const body = speaksAnthropic(context)
          ? anthropicModelPage(listed, queryOf(context.request.url))
          : openAiModelList(listed);
        context.sendJson(200, body);
      },
    },
    {
      method: 'GET',
      path: '/v1/models/{id}',
      access: 'key',
      handle: async (context) => {
        const model = await find(context, context.params['id'] ?? '');
        context.sendJson(
          200,
          speaksAnthropic(context) ? anthropicModel(model) : openAiModel(model),
        );
      },
    },
    {
      method: 'GET',
      path: '/api/v1/models',
      access: 'key',
      handle: async (context) => {
        context.sendJson(200, lmStudioModels(await list(context)));
      },
    },
    {
      method: 'GET',
      path: '/api/tags',
      access: 'key',
      errors: ollamaErrors,
      handle: async (context) => {
        context.sendJson(200, ollamaTags(await list(context)));
      },
    },
    {
      method: 'POST',
      path: '/api/show',
      access: 'key',
      errors: ollamaErrors,
      handle: async (context) => {
        const { model, name } = showRequest(await readJson(context.request));
        const wanted = model ?? name;
        if (!wanted) throw invalidRequest('model', 'model is missing: name the model to show.');
        context.sendJson(200, ollamaShow(await find(context, ollamaModelName(wanted))));
      },
    },
  ];
}

/** Every request of Anthropic's own clients says which version of that API it means. */
function speaksAnthropic({ request }: RequestContext): boolean {
  return request.headers['anthropic-version'] !== undefined;
}
