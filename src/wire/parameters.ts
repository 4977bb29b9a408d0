/**
 * Parameters of the dialects that Lingma has no counterpart of. What the gateway does itself
 * (stop sequences, token limits, output formats, tools) is not listed here.
 */
import { unsupportedParameter } from './validation';

/** Tells of a value, neither undefined nor null, whether it asks for something. */
type Asks = (value: unknown) => boolean;

export interface Parameters {
  /** Accepted without effect: they shape how the model samples or how the request is billed. */
  readonly ignored: readonly string[];
  /** Refused, because to ignore them would change what the answer means. */
  readonly refused: Readonly<Record<string, Asks>>;
}

const always: Asks = () => true;
const unlessEmpty: Asks = (value) => !(Array.isArray(value) && value.length === 0);

/** `POST /v1/chat/completions`. */
export const chatParameters: Parameters = {
  ignored: [
    'frequency_penalty',
    'logit_bias',
    'metadata',
    'min_p',
    'prediction',
    'presence_penalty',
    'repetition_penalty',
    'safety_identifier',
    'seed',
    'service_tier',
    'store',
    'temperature',
    'top_k',
    'top_p',
    'user',
    'verbosity',
    'web_search_options',
  ],
  refused: {
    functions: unlessEmpty,
    n: (value) => value !== 1,
    logprobs: (value) => value !== false,
    audio: always,
    modalities: (value) => !(Array.isArray(value) && value.every((mode) => mode === 'text')),
  },
};

/** `POST /v1/responses`. */
export const responsesParameters: Parameters = {
  ignored: [
    'client_metadata',
    'include',
    'max_tool_calls',
    'safety_identifier',
    'service_tier',
    'temperature',
    'text.verbosity',
    'top_p',
    'truncation',
    'user',
  ],
  refused: {
    background: (value) => value !== false,
    conversation: always,
    prompt: always,
    top_logprobs: (value) => value !== 0,
  },
};

/** `POST /v1/messages`. */
export const messagesParameters: Parameters = {
  ignored: [
    'cache_control',
    'context_management',
    'inference_geo',
    'output_config.effort',
    'service_tier',
    'temperature',
    'thinking.budget_tokens',
    'top_k',
    'top_p',
  ],
  refused: { mcp_servers: unlessEmpty, container: always },
};

/** `POST /api/chat` and `POST /api/generate`; the names within `options` are Ollama's. */
export const ollamaParameters: Parameters = {
  ignored: [
    'keep_alive',
    'options.frequency_penalty',
    'options.min_p',
    'options.num_ctx',
    'options.presence_penalty',
    'options.repeat_penalty',
    'options.seed',
    'options.temperature',
    'options.top_k',
    'options.top_p',
  ],
  refused: {
    context: unlessEmpty,
    logprobs: (value) => value !== false,
    raw: (value) => value !== false,
    suffix: (value) => value !== '',
    template: (value) => value !== '',
  },
};

/** Throws `unsupported_parameter` for the first refused parameter that asks for something. */
export function assertServed(
  { refused }: Parameters,
  body: Readonly<Record<string, unknown>>,
): void {
  for (const [name, asks] of Object.entries(refused)) {
    const value = body[name];
    if (value !== undefined && value !== null && asks(value)) throw unsupportedParameter(name);
  }
}
