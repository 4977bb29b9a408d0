/** `GET /capabilities`: what this gateway does and does not do, for programs to read. */
import { IMAGE_TYPES, MAX_IMAGE_BYTES } from '../conversation/images';
import { MAX_BODY_BYTES } from '../http/body';
import type { Route } from '../http/server';
import {
  chatParameters,
  messagesParameters,
  ollamaParameters,
  type Parameters,
  responsesParameters,
} from '../wire/parameters';
import { RESPONSE_STORE_LIMITS } from './responseStore';
import type { GatewaySnapshot } from './snapshot';

/** @param routes All there are; those of the owner alone are not listed. */
export function describeCapabilities(
  routes: readonly Pick<Route, 'method' | 'path' | 'access' | 'aliases'>[],
  snapshot: Pick<GatewaySnapshot, 'version' | 'demo' | 'concurrency' | 'sessionCache'>,
  { remoteImages }: { readonly remoteImages: boolean },
): object {
  const { version, demo, concurrency, sessionCache } = snapshot;
  return {
    name: 'lingma-gateway',
    version,
    demo,
    dialects: {
      openai_chat: dialect('/v1/chat/completions', chatParameters),
      openai_responses: dialect('/v1/responses', responsesParameters),
      anthropic_messages: dialect('/v1/messages', messagesParameters),
      ollama: dialect('/api/chat', ollamaParameters),
    },
    features: {
      streaming: true,
      tools: true,
      parallel_tool_calls: true,
      structured_output: true,
      reasoning: true,
      stop_sequences: true,
      max_tokens: true,
      session_reuse: sessionCache.enabled,
      stored_responses: true,
      count_tokens: true,
      images: { types: IMAGE_TYPES, remote_urls: remoteImages },
      audio: false,
      websocket: false,
    },
    limits: {
      body_bytes: MAX_BODY_BYTES,
      image_bytes: MAX_IMAGE_BYTES,
      /** 0 = unlimited. */
      turns_in_flight_per_instance: concurrency.maxInFlightPerInstance,
      stored_responses: RESPONSE_STORE_LIMITS.maxResponses,
      stored_response_bytes: RESPONSE_STORE_LIMITS.maxBytes,
      stored_response_seconds: RESPONSE_STORE_LIMITS.ttlMs / 1000,
    },
    endpoints: routes
      .filter(({ access }) => access !== 'owner')
      .map(({ method, path, aliases = [] }) => ({ method, path, aliases })),
  };
}

function dialect(path: string, { ignored, refused }: Parameters): object {
  return {
    path,
    parameters: {
      accepted_without_effect: ignored,
      /** Some of these are taken with the value that asks for nothing. */
      refused: Object.keys(refused),
    },
  };
}
