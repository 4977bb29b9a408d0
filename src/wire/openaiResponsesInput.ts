/** Input items of the Responses dialect, made the messages they would be in any other dialect. */
import * as v from 'valibot';
import { GatewayError } from '../base/errors';
import { isRecord } from '../base/json';
import { imagePart } from '../conversation/images';
import type { ContentPart, Message, ToolCallPart } from '../conversation/messages';
import { customArguments, flatName } from './openaiResponsesTools';
import { type Calls, toolResult } from './toolCalls';
import { isTextual, quick, stringOrList } from './validation';

const part = v.variant('type', [
  v.looseObject({ type: v.picklist(['input_text', 'output_text']), text: v.string() }),
  v.looseObject({ type: v.literal('refusal'), refusal: v.string() }),
  v.looseObject({ type: v.literal('input_image'), image_url: v.string() }),
  v.looseObject({
    type: v.literal('input_audio'),
    input_audio: v.looseObject({ data: v.string(), format: v.string() }),
  }),
  v.looseObject({ type: v.literal('input_file') }),
]);
const content = stringOrList(part);

const message = v.looseObject({
  type: v.optional(v.literal('message')),
  role: v.picklist(['system', 'developer', 'user', 'assistant']),
  content,
});
const otherItem = v.variant('type', [
  v.looseObject({
    type: v.literal('function_call'),
    call_id: v.string(),
    name: v.string(),
    namespace: v.nullish(v.string()),
    arguments: v.string(),
  }),
  v.looseObject({
    type: v.literal('custom_tool_call'),
    call_id: v.string(),
    name: v.string(),
    namespace: v.nullish(v.string()),
    input: v.string(),
  }),
  v.looseObject({
    type: v.picklist(['function_call_output', 'custom_tool_call_output']),
    call_id: v.string(),
    output: content,
  }),
  // No model but the one that wrote it can use reasoning, and no other dialect sends it back.
  v.looseObject({ type: v.literal('reasoning') }),
  // That a search was made says nothing; what was found stands in the answer.
  v.looseObject({ type: v.literal('web_search_call') }),
  v.looseObject({
    type: v.literal('file_search_call'),
    results: v.nullish(v.pipe(v.array(v.unknown()), v.maxLength(0))),
  }),
]);

/** An item with all it says. */
export const itemSchema = v.lazy((input) => (isMessage(input) ? message : otherItem));

const reference = v.looseObject({ type: v.literal('item_reference'), id: v.string() });

/** An item, or the id of one that was kept. */
export const itemOrReferenceSchema = quick(
  v.lazy((input) =>
    isRecord(input) && input['type'] === 'item_reference' ? reference : itemSchema,
  ),
  isPlainItem,
);

/** Items that the schema takes and that need no closer look. */
export function isPlainItem(item: Record<string, unknown>): boolean {
  const { type, role, content, call_id: id, name, namespace, arguments: given, output } = item;
  switch (type) {
    case undefined:
    case 'message':
      if (role === 'assistant') return isTextual(content, 'output_text');
      return (
        (role === 'user' || role === 'system' || role === 'developer') &&
        isTextual(content, 'input_text')
      );
    case 'function_call':
      return (
        [id, name, given].every((value) => typeof value === 'string') && namespace === undefined
      );
    case 'function_call_output':
      return typeof id === 'string' && isTextual(output, 'input_text');
    case 'reasoning':
      return true;
    default:
      return false;
  }
}

export type InputItem = v.InferOutput<typeof message> | v.InferOutput<typeof otherItem>;
export type ItemOrReference = InputItem | v.InferOutput<typeof reference>;
type Content = v.InferOutput<typeof content>;

/** An item without a type is a message. */
function isMessage(input: unknown): boolean {
  if (typeof input !== 'object' || input === null) return true;
  const { type } = input as { readonly type?: unknown };
  return type === undefined || type === 'message';
}

/** @param earlier What the conversation held before, when the request goes on from a response. */
export function readInput(
  input: string | readonly InputItem[],
  earlier: readonly InputItem[] = [],
): Message[] {
  const reader = new InputReader();
  for (const item of earlier) reader.read(item, 'previous_response_id');
  if (typeof input === 'string') reader.read({ role: 'user', content: input }, 'input');
  else {
    input.forEach((item, index) => {
      reader.read(item, `input[${index}]`);
    });
  }
  return reader.end();
}

/** An answer of which not all items have been read. */
interface OpenAnswer {
  readonly path: string;
  readonly said: ContentPart[];
  readonly calls: ToolCallPart[];
  /** Whether calls have come since the last text. */
  cut: boolean;
}

/** Puts the items of one answer together again: its texts, then its calls. */
class InputReader {
  readonly #messages: Message[] = [];
  readonly #calls: Calls = new Map();
  #answer: OpenAnswer | undefined;

  read(item: InputItem, path: string): void {
    switch (item.type) {
      case undefined:
      case 'message': {
        const parts = contentParts(item.content, `${path}.content`);
        if (item.role === 'assistant') {
          say(this.#openAnswer(path), parts);
          return;
        }
        this.#push({ role: item.role === 'user' ? 'user' : 'system', parts, path });
        return;
      }
      case 'function_call':
        this.#call(path, item.call_id, flatName(item.name, item.namespace), item.arguments);
        return;
      case 'custom_tool_call': {
        const name = flatName(item.name, item.namespace);
        this.#call(path, item.call_id, name, customArguments(item.input));
        return;
      }
      case 'function_call_output':
      case 'custom_tool_call_output': {
        const parts = contentParts(item.output, `${path}.output`);
        this.#push({ role: 'tool', parts: [toolResult(this.#calls, item.call_id, parts)], path });
        return;
      }
      case 'reasoning':
      case 'web_search_call':
      case 'file_search_call':
        return;
    }
  }

  end(): Message[] {
    this.#closeAnswer();
    return this.#messages;
  }

  #call(path: string, id: string, name: string, argumentsJson: string): void {
    const answer = this.#openAnswer(path);
    const callIndex = answer.calls.push({ type: 'toolCall', name, argumentsJson }) - 1;
    answer.cut = true;
    this.#calls.set(id, { name, callIndex });
  }

  #openAnswer(path: string): OpenAnswer {
    this.#answer ??= { path, said: [], calls: [], cut: false };
    return this.#answer;
  }

  #closeAnswer(): void {
    if (!this.#answer) return;
    const { path, said, calls } = this.#answer;
    this.#messages.push({ role: 'assistant', parts: [...said, ...calls], path });
    this.#answer = undefined;
  }

  #push(message: Message): void {
    this.#closeAnswer();
    this.#messages.push(message);
  }
}

/**
 * Adds a message item to its answer. Text before and after a call is two items of one text (this
 * is how such an answer is sent), so nothing may come between them.
 */
function say(answer: OpenAnswer, parts: readonly ContentPart[]): void {
  const last = answer.said.at(-1);
  const [first, ...rest] = parts;
  if (answer.cut && last?.type === 'text' && first?.type === 'text') {
    answer.said.splice(-1, 1, { type: 'text', text: last.text + first.text }, ...rest);
  } else {
    answer.said.push(...parts);
  }
  answer.cut = false;
}

function contentParts(value: Content, path: string): ContentPart[] {
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  return value.map((item, index): ContentPart => {
    switch (item.type) {
      case 'input_text':
      case 'output_text':
        return { type: 'text', text: item.text };
      case 'refusal':
        return { type: 'text', text: item.refusal };
      case 'input_image':
        return imagePart(item.image_url, `${path}[${index}].image_url`);
      case 'input_audio':
        return { type: 'audio', data: item.input_audio.data, format: item.input_audio.format };
      case 'input_file':
        throw fileRefused(`${path}[${index}]`);
    }
  });
}

function fileRefused(path: string): GatewayError {
  return new GatewayError({
    code: 'unsupported_content',
    status: 400,
    param: path,
    message: `${path} is a file, which this gateway cannot pass on. Send its text instead.`,
  });
}
