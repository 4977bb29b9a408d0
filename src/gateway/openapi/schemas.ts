/** What bodies look like, as JSON Schema 2020-12. Ours are exact; those of others are left open. */
import { REUSE_REASONS } from '../../conversation/events';
import { hostActions } from '../leaving';

export type Schema = Readonly<Record<string, unknown>>;

export const string: Schema = { type: 'string' };
export const boolean: Schema = { type: 'boolean' };
export const integer: Schema = { type: 'integer' };
const number: Schema = { type: 'number' };
const anything: Schema = { type: 'object' };

/** Nothing but these properties, and all of them unless they are named as optional. */
export function exact(
  properties: Readonly<Record<string, Schema>>,
  optional: string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

/** At least these properties. */
export function open(
  properties: Readonly<Record<string, Schema>>,
  optional: string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required };
}

export function list(items: Schema): Schema {
  return { type: 'array', items };
}

export function one(value: string): Schema {
  return { const: value };
}

function among(...values: readonly string[]): Schema {
  return { type: 'string', enum: values };
}

function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}

/** The schema of that name in the document. */
export function ref(name: keyof typeof schemas): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

const histogram = exact({
  buckets: list({
    type: 'array',
    prefixItems: [number, integer],
    minItems: 2,
    maxItems: 2,
    description: 'Upper bound, and measurements up to it.',
  }),
  count: integer,
  sum: number,
});

const instance = exact({
  id: string,
  state: among('stopped', 'starting', 'ready', 'reconnecting', 'failed', 'closed'),
  draining: boolean,
  incarnation: integer,
  pid: orNull(integer),
  port: orNull(integer),
  pinnedSessions: integer,
  inFlight: integer,
  restarts: integer,
  turns: integer,
  uptimeSeconds: orNull(number),
  signedIn: orNull(boolean),
  problem: orNull(string),
});

const snapshot = exact({
  version: string,
  state: among('stopped', 'starting', 'ready', 'failed', 'stopping'),
  problem: orNull(string),
  baseUrl: orNull(string),
  demo: boolean,
  program: orNull(string),
  uptimeSeconds: number,
  instances: list(instance),
  sessionCache: exact({
    enabled: boolean,
    size: integer,
    max: integer,
    ttl_sec: number,
    hit_total: integer,
    miss_total: integer,
    hit_rate: number,
    evict_total: integer,
    expire_total: integer,
    invalidate_total: integer,
    leased: integer,
  }),
  concurrency: exact({
    inFlight: integer,
    queued: integer,
    oldestWaitMs: number,
    waits: histogram,
    refused: exact({ full: integer, timeout: integer }),
    maxInFlightPerInstance: integer,
  }),
  turns: exact({
    completed: integer,
    failed: integer,
    cancelled: integer,
    signedOut: integer,
    sentMessages: integer,
    totalMessages: integer,
    sentBytes: integer,
    totalBytes: integer,
    inputTokens: integer,
    cachedTokens: integer,
    outputTokens: integer,
    ttftSeconds: histogram,
    durationSeconds: histogram,
    reasons: exact(Object.fromEntries(REUSE_REASONS.map((reason) => [reason, integer]))),
  }),
});

const source = among('chat', 'responses', 'messages', 'ollama', 'vscode');

const request = exact({
  id: string,
  startedAtMs: number,
  source,
  client: string,
  agent: orNull(string),
  model: string,
  state: among('waiting', 'streaming', 'completed', 'failed', 'cancelled'),
  instanceId: orNull(string),
  reason: orNull(among(...REUSE_REASONS)),
  sentMessages: orNull(integer),
  totalMessages: integer,
  ttftMs: orNull(integer),
  durationMs: integer,
  inputTokens: orNull(integer),
  cachedTokens: orNull(integer),
  outputTokens: orNull(integer),
  errorCode: orNull(string),
  captured: boolean,
});

const session = exact({
  id: string,
  instanceId: string,
  client: string,
  agent: orNull(string),
  source,
  model: string,
  turns: integer,
  messages: integer,
  state: among('idle', 'leased'),
  ageSeconds: integer,
  ttlLeftSeconds: orNull(integer),
});

const historySample = exact({
  atMs: number,
  hits: integer,
  misses: integer,
  failed: integer,
  ttftMs: orNull(number),
  durationMs: orNull(number),
});

const clientUsage = exact({
  name: string,
  completed: integer,
  failed: integer,
  cancelled: integer,
  hits: integer,
  misses: integer,
  inputTokens: integer,
  cachedTokens: integer,
  outputTokens: integer,
  lastUsedAtMs: orNull(number),
});

const openAiModel = open({
  id: string,
  object: one('model'),
  created: integer,
  owned_by: string,
  display_name: string,
});

const anthropicModel = exact({
  type: one('model'),
  id: string,
  display_name: string,
  created_at: string,
});

const openAiUsage = open({
  prompt_tokens: integer,
  completion_tokens: integer,
  total_tokens: integer,
});

export const schemas = {
  Error: exact({
    error: exact({ message: string, type: string, param: orNull(string), code: string }),
  }),
  AnthropicError: exact({
    type: one('error'),
    error: exact({ type: string, message: string }),
    request_id: string,
  }),
  OllamaError: exact({ error: string, code: string }),
  Health: exact(
    {
      status: among('ok', 'unavailable', 'draining'),
      demo: boolean,
      hint: string,
      version: string,
      instances: exact({ ready: integer, total: integer }),
      identity: exact({ protocol: integer, version: string, proof: string }),
    },
    ['hint', 'identity'],
  ),
  Snapshot: snapshot,
  Request: request,
  RequestDetails: exact({
    request,
    asked: orNull(string),
    answered: orNull(string),
    cut: boolean,
  }),
  Session: session,
  Activity: exact({
    sessions: list(session),
    requests: list(request),
    history: list(historySample),
    clients: list(clientUsage),
    capturing: boolean,
  }),
  EffectiveConfig: exact({
    options: {
      type: 'object',
      additionalProperties: exact({
        value: { description: 'The value now; keys are shown as [redacted].' },
        origin: exact(
          {
            from: among(
              'default',
              'flag',
              'environment',
              'setting',
              'generated',
              'secretStorage',
              'request',
            ),
            name: string,
          },
          ['name'],
        ),
      }),
    },
  }),
  LingmaModel: exact(
    {
      id: string,
      name: string,
      scenes: list(string),
      reasoning: boolean,
      vision: boolean,
      defaultIn: list(string),
    },
    ['vision'],
  ),
  PoolSize: exact({ instances: integer, maxInFlight: integer }, ['instances', 'maxInFlight']),
  SignInOffer: exact({ instance: string, loginUrl: string, hint: string }),
  HostAction: exact({ action: among(...hostActions) }),
  ClientKey: open({ name: string }),
  Usage: exact({
    object: one('usage'),
    client: string,
    turns: exact({ completed: integer, failed: integer, cancelled: integer }),
    sessions: exact({ hits: integer, misses: integer }),
    tokens: exact({ input: integer, cached: integer, output: integer }),
    last_used_at: orNull(integer),
  }),
  Capabilities: open({
    name: string,
    version: string,
    demo: boolean,
    dialects: anything,
    features: anything,
    limits: anything,
    endpoints: list(exact({ method: string, path: string, aliases: list(string) })),
  }),
  OpenAiModel: openAiModel,
  OpenAiModels: open({ object: one('list'), data: list(openAiModel) }),
  AnthropicModel: anthropicModel,
  AnthropicModels: exact({
    data: list(anthropicModel),
    has_more: boolean,
    first_id: orNull(string),
    last_id: orNull(string),
  }),
  ChatCompletionRequest: open(
    {
      model: string,
      messages: list(open({ role: string })),
      stream: boolean,
      tools: list(anything),
      stop: { anyOf: [string, list(string)] },
      max_tokens: integer,
      max_completion_tokens: integer,
    },
    ['stream', 'tools', 'stop', 'max_tokens', 'max_completion_tokens'],
  ),
  ChatCompletion: open({
    id: string,
    object: one('chat.completion'),
    created: integer,
    model: string,
    choices: list(
      open({
        index: integer,
        message: open({ role: one('assistant'), content: orNull(string) }),
        finish_reason: among('stop', 'length', 'tool_calls'),
      }),
    ),
    usage: openAiUsage,
  }),
  ResponsesRequest: open(
    {
      model: string,
      input: { anyOf: [string, list(anything)] },
      instructions: orNull(string),
      previous_response_id: orNull(string),
      stream: boolean,
      store: boolean,
      tools: list(anything),
    },
    ['instructions', 'previous_response_id', 'stream', 'store', 'tools'],
  ),
  Response: open({
    id: string,
    object: one('response'),
    status: string,
    model: string,
    output: list(anything),
  }),
  MessagesRequest: open(
    {
      model: string,
      max_tokens: integer,
      messages: list(open({ role: string, content: { anyOf: [string, list(anything)] } })),
      system: { anyOf: [string, list(anything)] },
      stream: boolean,
      tools: list(anything),
      stop_sequences: list(string),
    },
    ['system', 'stream', 'tools', 'stop_sequences'],
  ),
  Message: open({
    id: string,
    type: one('message'),
    role: one('assistant'),
    model: string,
    content: list(open({ type: string })),
    stop_reason: orNull(string),
    usage: open({ input_tokens: integer, output_tokens: integer }),
  }),
  CountTokensRequest: open({ model: string, messages: list(anything) }),
  OllamaChatRequest: open(
    { model: string, messages: list(open({ role: string })), stream: boolean },
    ['messages', 'stream'],
  ),
  OllamaGenerateRequest: open({ model: string, prompt: string, stream: boolean }, [
    'prompt',
    'stream',
  ]),
  OllamaAnswer: open({ model: string, created_at: string, done: boolean }),
} as const satisfies Readonly<Record<string, Schema>>;
