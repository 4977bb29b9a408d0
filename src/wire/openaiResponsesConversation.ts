/** The conversation of a Responses request: what was kept of it before, and what it brings. */
import * as v from 'valibot';
import { invalidRequest } from '../base/errors';
import type { Message } from '../conversation/messages';
import {
  type InputItem,
  itemSchema,
  type ItemOrReference,
  readInput,
} from './openaiResponsesInput';
import {
  previousResponse,
  referredItem,
  type Item,
  type ResponseMemory,
  type StoredItem,
  type StoredResponse,
} from './openaiStoredResponses';

export interface Conversation {
  readonly messages: readonly Message[];
  /** The items of this request alone, references replaced by what they name. */
  readonly items: readonly Item[];
  readonly previous: StoredResponse | undefined;
}

/**
 * Puts the conversation together. Throws `previous_response_not_found`, `item_not_found`, or
 * `invalid_request` for an item that is there twice and for a request that brings nothing.
 */
export function readConversation(
  input: string | readonly ItemOrReference[],
  previousId: string | null | undefined,
  memory: ResponseMemory,
): Conversation {
  const previous = previousResponse(memory, previousId);
  const earlier = previous ? [...previous.input, ...previous.output] : [];
  if (typeof input !== 'string' && earlier.length > 0) refuseDuplicates(input, earlier);
  const own =
    typeof input === 'string' ? input : input.map((item, at) => resolve(item, at, memory));
  const messages = readInput(own, stored(earlier));
  if (messages.length === 0 || own.length === 0) {
    throw invalidRequest('input', 'input holds nothing to answer.');
  }
  const items = typeof own === 'string' ? [{ type: 'message', role: 'user', content: own }] : own;
  return { messages, items: items.map(listed), previous };
}

function resolve(item: ItemOrReference, index: number, memory: ResponseMemory): InputItem {
  if (item.type !== 'item_reference') return item;
  return v.parse(itemSchema, referredItem(memory, item.id, `input[${index}]`));
}

/** Items were checked when they came, and those that went out are of the same kinds. */
function stored(items: readonly StoredItem[]): InputItem[] {
  return v.parse(v.array(itemSchema), items);
}

/** Clients that send the whole conversation must not say as well where it goes on from. */
function refuseDuplicates(items: readonly ItemOrReference[], earlier: readonly StoredItem[]): void {
  const known = new Set<unknown>(earlier.map(({ id }) => id));
  items.forEach((item, index) => {
    const { id } = item;
    if (!known.has(id)) return;
    throw invalidRequest(
      `input[${index}]`,
      `Duplicate item found with id ${String(id)}: previous_response_id stands for it already. ` +
        'Send new items only.',
    );
  });
}

/** Lists show the parts of a message, also where its client wrote one text. */
function listed(item: Item): Item {
  const { type = 'message', content, role } = item;
  if (type !== 'message' || typeof content !== 'string') return item;
  const part = role === 'assistant' ? 'output_text' : 'input_text';
  return { ...item, content: [{ type: part, text: content }] };
}
