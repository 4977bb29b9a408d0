/** The Anthropic Messages dialect: its answers and streams. */
import { randomUUID } from 'node:crypto';
import type {
  Message,
  RawContentBlockDeltaEvent,
  RawContentBlockStartEvent,
  RawContentBlockStopEvent,
  RawMessageDeltaEvent,
  RawMessageStartEvent,
  RawMessageStopEvent,
  StopReason,
  TextBlock,
  ThinkingBlock,
  ToolUseBlock,
  Usage as WireUsage,
} from '@anthropic-ai/sdk/resources/messages';
import type { GatewayError } from '../base/errors';
import { parseJson } from '../base/exactJson';
import type { FinishReason, InputUsage, TurnEvent, Usage } from '../conversation/events';
import { anthropicError, anthropicErrors } from './anthropicErrors';
import { parseMessagesRequest } from './anthropicMessagesRequest';
import { CollectedAnswer, type EndEvent } from './collectedAnswer';
import type { Dialect, PlainEncoder, StreamEncoder } from './dialect';
import { argumentDeltas } from './toolCalls';

/** `POST /v1/messages`. */
export const anthropicMessages: Dialect = {
  path: '/v1/messages',
  errors: anthropicErrors,
  parse(body, headers) {
    const { turn, stream } = parseMessagesRequest(body, headers);
    return { turn, stream, plain: () => new MessageBuilder(), streamed: () => new MessageStream() };
  },
};

/**
 * What the API leaves out when there is nothing to say is left out here too, though the SDK's types
 * list it as null: other clients read `null` as a mistake.
 */
type UsageBody = Pick<
  WireUsage,
  'input_tokens' | 'cache_creation_input_tokens' | 'cache_read_input_tokens' | 'output_tokens'
>;
type BlockBody =
  | Pick<TextBlock, 'type' | 'text'>
  | Pick<ToolUseBlock, 'type' | 'id' | 'name' | 'input'>
  | ThinkingBlock;
type MessageBody = Pick<
  Message,
  'id' | 'type' | 'role' | 'model' | 'stop_reason' | 'stop_sequence'
> & { content: BlockBody[]; usage: UsageBody };

type StopBody = Pick<Message, 'stop_reason' | 'stop_sequence'>;

type StreamEvent =
  | (Omit<RawMessageStartEvent, 'message'> & { message: MessageBody })
  | (Omit<RawContentBlockStartEvent, 'content_block'> & { content_block: BlockBody })
  | RawContentBlockDeltaEvent
  | RawContentBlockStopEvent
  | (Pick<RawMessageDeltaEvent, 'type'> & {
      delta: Pick<RawMessageDeltaEvent.Delta, 'stop_reason' | 'stop_sequence'>;
      usage: UsageBody;
    })
  | RawMessageStopEvent;

export class MessageBuilder implements PlainEncoder {
  readonly #answer = new CollectedAnswer();

  add(event: TurnEvent): void {
    this.#answer.add(event);
  }

  body(): object {
    const { model, text, reasoning, calls, end } = this.#answer;
    const content: BlockBody[] = [];
    if (reasoning) content.push(thinkingBlock(reasoning));
    if (text) content.push({ type: 'text', text });
    for (const { id, name, argumentsJson } of calls) {
      content.push({ type: 'tool_use', id, name, input: parseJson(argumentsJson) });
    }
    const usage = usageBody(end?.usage ?? { inputTokens: 0, cachedTokens: 0 });
    return { ...messageBody(model, content, usage), ...(end && stopBody(end)) };
  }
}

export class MessageStream implements StreamEncoder {
  readonly keepAlive = 'event: ping\ndata: {"type":"ping"}\n\n';
  /** Blocks begun so far; the last of them may be open. */
  #blocks = 0;
  #open: 'text' | 'thinking' | undefined;

  encode(event: TurnEvent): string {
    switch (event.type) {
      case 'start': {
        const message = messageBody(event.model, [], usageBody(event.usage));
        return write({ type: 'message_start', message });
      }
      case 'text':
        return (
          this.#enter('text', { type: 'text', text: '' }) +
          this.#delta({ type: 'text_delta', text: event.delta })
        );
      case 'reasoning':
        return (
          this.#enter('thinking', thinkingBlock('')) +
          this.#delta({ type: 'thinking_delta', thinking: event.delta })
        );
      case 'toolCall': {
        const { id, name, argumentsJson } = event;
        return [
          this.#leave(),
          this.#begin({ type: 'tool_use', id, name, input: {} }),
          ...argumentDeltas(argumentsJson).map((delta) =>
            this.#delta({ type: 'input_json_delta', partial_json: delta }),
          ),
          this.#stop(),
        ].join('');
      }
      case 'end': {
        return [
          this.#leave(),
          write({ type: 'message_delta', delta: stopBody(event), usage: usageBody(event.usage) }),
          write({ type: 'message_stop' }),
        ].join('');
      }
    }
  }

  fail(error: GatewayError): string {
    return sse('error', anthropicError(error));
  }

  /** Opens a block of this kind unless it is the one that is open. */
  #enter(kind: 'text' | 'thinking', block: BlockBody): string {
    if (this.#open === kind) return '';
    const left = this.#leave();
    this.#open = kind;
    return left + this.#begin(block);
  }

  #leave(): string {
    if (!this.#open) return '';
    this.#open = undefined;
    return this.#stop();
  }

  #begin(block: BlockBody): string {
    this.#blocks++;
    return write({ type: 'content_block_start', index: this.#blocks - 1, content_block: block });
  }

  #delta(delta: RawContentBlockDeltaEvent['delta']): string {
    return write({ type: 'content_block_delta', index: this.#blocks - 1, delta });
  }

  #stop(): string {
    return write({ type: 'content_block_stop', index: this.#blocks - 1 });
  }
}

const STOP_REASONS: Readonly<Record<FinishReason, StopReason>> = {
  stop: 'end_turn',
  toolCalls: 'tool_use',
  stopSequence: 'stop_sequence',
  length: 'max_tokens',
};

function stopBody({ finishReason, stopSequence }: EndEvent): StopBody {
  return { stop_reason: STOP_REASONS[finishReason], stop_sequence: stopSequence ?? null };
}

/** Only Anthropic can sign its thinking: the signature stays empty. */
function thinkingBlock(thinking: string): ThinkingBlock {
  return { type: 'thinking', thinking, signature: '' };
}

function messageBody(model: string, content: BlockBody[], usage: UsageBody): MessageBody {
  return {
    id: `msg_${randomUUID().replaceAll('-', '')}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
}

/** Anthropic counts what was read from the cache apart from the rest of the input. */
function usageBody(usage: InputUsage | Usage): UsageBody {
  return {
    input_tokens: usage.inputTokens - usage.cachedTokens,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: usage.cachedTokens,
    output_tokens: 'outputTokens' in usage ? usage.outputTokens : 0,
  };
}

function write(event: StreamEvent): string {
  return sse(event.type, event);
}

function sse(event: string, data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
