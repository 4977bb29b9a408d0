/** What each route takes and answers. A test holds this table to the routes, both ways. */
import { boolean, exact, integer, list, one, open, ref, type Schema, string } from './schemas';

export interface Operation {
  readonly tag:
    'OpenAI' | 'Anthropic' | 'Ollama and LM Studio' | 'Operations' | 'Control' | 'Windows';
  readonly summary: string;
  readonly description?: string;
  readonly query?: Readonly<Record<string, Parameter>>;
  readonly headers?: Readonly<Record<string, Parameter>>;
  /** The JSON it takes. */
  readonly body?: Schema;
  /** What it answers when all is well: the media types and what is in them, for each status. */
  readonly answers: Readonly<Record<number, Readonly<Record<string, Schema>>>>;
  /** The shape of its failures; OpenAI's when left out. */
  readonly errors?: 'AnthropicError' | 'OllamaError' | 'either';
}

export interface Parameter {
  readonly description: string;
  readonly schema: Schema;
}

export const JSON_TYPE = 'application/json';
const EVENTS = 'text/event-stream';
const LINES = 'application/x-ndjson';

const STREAMS = 'Answers with one body, or with a stream where the request asks for one.';

function json(schema: Schema, status = 200): Operation['answers'] {
  return { [status]: { [JSON_TYPE]: schema } };
}

/** One body, or a stream of the given type. */
function streamed(schema: Schema, stream = EVENTS): Operation['answers'] {
  return { 200: { [JSON_TYPE]: schema, [stream]: string } };
}

const anthropicVersion: Parameter = {
  description: 'Has the answer in the shape of the Anthropic API.',
  schema: string,
};

const paging: Readonly<Record<string, Parameter>> = {
  limit: { description: 'Most entries in the answer.', schema: integer },
  after_id: { description: 'Entries behind this one; in the shape of Anthropic.', schema: string },
  before_id: { description: 'Entries before this one; in the shape of Anthropic.', schema: string },
};

const begun = (action: string): Schema => exact({ instance: string, action: one(action) });

/** By method and path. */
export const operations: Readonly<Record<string, Operation>> = {
  'GET /': {
    tag: 'Operations',
    summary: 'Whether anybody is at home',
    answers: { 200: { 'text/plain': string } },
  },
  'GET /healthz': {
    tag: 'Operations',
    summary: 'Whether turns are taken',
    headers: {
      'x-lingma-gateway-challenge': {
        description: 'Asks the gateway to prove that it belongs to the windows of this user.',
        schema: string,
      },
    },
    answers: { 200: { [JSON_TYPE]: ref('Health') }, 503: { [JSON_TYPE]: ref('Health') } },
  },
  'GET /openapi.json': {
    tag: 'Operations',
    summary: 'This description',
    answers: json(open({ openapi: string, info: { type: 'object' }, paths: { type: 'object' } })),
  },
  'GET /metrics': {
    tag: 'Operations',
    summary: 'Figures for Prometheus',
    answers: { 200: { 'text/plain': string } },
  },
  'GET /internal/stats': {
    tag: 'Operations',
    summary: 'State, instances and totals',
    answers: json(ref('Snapshot')),
  },
  'GET /internal/effective-config': {
    tag: 'Operations',
    summary: 'Every option with its value now and where it comes from',
    answers: json(ref('EffectiveConfig')),
  },
  'GET /internal/activity': {
    tag: 'Operations',
    summary: 'Sessions, latest requests, and the last hour',
    answers: json(ref('Activity')),
  },
  'GET /internal/requests': {
    tag: 'Operations',
    summary: 'The latest requests, without their texts',
    answers: json(exact({ requests: list(ref('Request')) })),
  },
  'GET /internal/requests/{id}': {
    tag: 'Operations',
    summary: 'One request, with its texts if they were captured',
    answers: json(ref('RequestDetails')),
  },
  'GET /internal/sessions': {
    tag: 'Operations',
    summary: 'Conversations that are kept warm',
    answers: json(exact({ sessions: list(ref('Session')) })),
  },
  'GET /internal/models': {
    tag: 'Operations',
    summary: "Lingma's own list of models",
    answers: json(exact({ models: list(ref('LingmaModel')) })),
  },
  'DELETE /internal/sessions': {
    tag: 'Control',
    summary: 'Forget every conversation that is idle',
    answers: json(exact({ cleared: integer })),
  },
  'DELETE /internal/sessions/{id}': {
    tag: 'Control',
    summary: 'Forget one conversation',
    answers: json(exact({ session: string, evicted: boolean })),
  },
  'POST /internal/capture': {
    tag: 'Control',
    summary: 'Switch the capture of texts on or off',
    body: exact({ enabled: boolean }),
    answers: json(exact({ enabled: boolean })),
  },
  'POST /internal/login': {
    tag: 'Control',
    summary: 'Ask for the page to sign in to Lingma on',
    answers: json(ref('SignInOffer')),
  },
  'POST /internal/pool': {
    tag: 'Control',
    summary: 'Change how many instances there are, and how many turns each runs at once',
    body: ref('PoolSize'),
    answers: json(ref('PoolSize'), 202),
  },
  'POST /internal/instances/{id}/restart': {
    tag: 'Control',
    summary: 'Give an instance a new process, at once',
    answers: json(begun('restart'), 202),
  },
  'POST /internal/instances/{id}/drain': {
    tag: 'Control',
    summary: 'Give an instance a new process once its turns are over',
    answers: json(begun('drain'), 202),
  },
  'GET /internal/keys': {
    tag: 'Control',
    summary: 'The keys of clients, without the keys themselves',
    answers: json(exact({ keys: list(ref('ClientKey')) })),
  },
  'POST /internal/keys': {
    tag: 'Control',
    summary: 'Make a key for a client; the answer is the only place where it is told',
    body: open({ name: string }),
    answers: json(ref('ClientKey'), 201),
  },
  'DELETE /internal/keys/{name}': {
    tag: 'Control',
    summary: 'Revoke the key of a client',
    answers: json(exact({ name: string, revoked: boolean })),
  },
  'GET /v1/capabilities': {
    tag: 'OpenAI',
    summary: 'What this gateway does and does not do',
    answers: json(ref('Capabilities')),
  },
  'GET /v1/usage': {
    tag: 'OpenAI',
    summary: 'What the client that asks has used itself',
    answers: json(ref('Usage')),
  },
  'GET /v1/models': {
    tag: 'OpenAI',
    summary: 'The models, as OpenAI or Anthropic lists them',
    query: paging,
    headers: { 'anthropic-version': anthropicVersion },
    answers: json({ anyOf: [ref('OpenAiModels'), ref('AnthropicModels')] }),
    errors: 'either',
  },
  'GET /v1/models/{id}': {
    tag: 'OpenAI',
    summary: 'One model',
    headers: { 'anthropic-version': anthropicVersion },
    answers: json({ anyOf: [ref('OpenAiModel'), ref('AnthropicModel')] }),
    errors: 'either',
  },
  'POST /v1/chat/completions': {
    tag: 'OpenAI',
    summary: 'A turn in the shape of Chat Completions',
    description: STREAMS,
    body: ref('ChatCompletionRequest'),
    answers: streamed(ref('ChatCompletion')),
  },
  'POST /v1/responses': {
    tag: 'OpenAI',
    summary: 'A turn in the shape of the Responses API',
    description: STREAMS,
    body: ref('ResponsesRequest'),
    answers: streamed(ref('Response')),
  },
  'GET /v1/responses/{id}': {
    tag: 'OpenAI',
    summary: 'A response that was stored',
    answers: json(ref('Response')),
  },
  'DELETE /v1/responses/{id}': {
    tag: 'OpenAI',
    summary: 'Forget a response',
    answers: json(open({ id: string, deleted: boolean })),
  },
  'GET /v1/responses/{id}/input_items': {
    tag: 'OpenAI',
    summary: 'What a stored response answered',
    query: {
      limit: { description: 'Most items in the answer.', schema: integer },
      order: { description: 'asc or desc.', schema: string },
      after: { description: 'Items behind this one.', schema: string },
    },
    answers: json(open({ object: one('list'), data: list({ type: 'object' }), has_more: boolean })),
  },
  'POST /v1/messages': {
    tag: 'Anthropic',
    summary: 'A turn in the shape of the Messages API',
    description: STREAMS,
    body: ref('MessagesRequest'),
    answers: streamed(ref('Message')),
    errors: 'AnthropicError',
  },
  'POST /v1/messages/count_tokens': {
    tag: 'Anthropic',
    summary: 'How large a request is, before it is sent',
    body: ref('CountTokensRequest'),
    answers: json(exact({ input_tokens: integer })),
    errors: 'AnthropicError',
  },
  'GET /api/v1/models': {
    tag: 'Ollama and LM Studio',
    summary: 'The models, as LM Studio lists them',
    answers: json(exact({ models: list(open({ key: string })) })),
  },
  'GET /api/tags': {
    tag: 'Ollama and LM Studio',
    summary: 'The models, as Ollama lists them',
    answers: json(exact({ models: list(open({ name: string, model: string })) })),
    errors: 'OllamaError',
  },
  'POST /api/show': {
    tag: 'Ollama and LM Studio',
    summary: 'One model, as Ollama describes it',
    body: open({ model: string }),
    answers: json(open({ capabilities: list(string) })),
    errors: 'OllamaError',
  },
  'GET /api/version': {
    tag: 'Ollama and LM Studio',
    summary: 'The version of Ollama whose API this is',
    answers: json(exact({ version: string })),
    errors: 'OllamaError',
  },
  'POST /api/chat': {
    tag: 'Ollama and LM Studio',
    summary: 'A turn in the shape of Ollama',
    description: STREAMS,
    body: ref('OllamaChatRequest'),
    answers: streamed(ref('OllamaAnswer'), LINES),
    errors: 'OllamaError',
  },
  'POST /api/generate': {
    tag: 'Ollama and LM Studio',
    summary: 'A turn of one prompt in the shape of Ollama',
    description: STREAMS,
    body: ref('OllamaGenerateRequest'),
    answers: streamed(ref('OllamaAnswer'), LINES),
    errors: 'OllamaError',
  },
  'GET /internal/events': {
    tag: 'Windows',
    summary: 'The state as it changes, for the other windows of a user',
    answers: { 200: { [EVENTS]: string } },
  },
  'POST /internal/chat': {
    tag: 'Windows',
    summary: 'A turn of the chat in another window',
    body: { type: 'object' },
    answers: { 200: { [LINES]: string } },
  },
  'GET /internal/connection': {
    tag: 'Windows',
    summary: 'Address and key, for another window',
    answers: json(open({ baseUrl: { type: ['string', 'null'] }, apiKey: string })),
  },
  'POST /internal/host': {
    tag: 'Windows',
    summary: 'Have the window that runs the gateway stop or restart it',
    body: ref('HostAction'),
    answers: json(ref('HostAction'), 202),
  },
};
