/** Responses that were kept: what a request may refer to, and how they are handed out. */
import { randomUUID } from 'node:crypto';
import { GatewayError } from '../base/errors';
import { pageOf } from './paging';
import { unsupportedParameter } from './validation';

/** An item of a conversation as it travels. */
export type Item = Readonly<Record<string, unknown>>;

/** An item under the id that the client knows it by. */
export interface StoredItem extends Item {
  readonly id: string;
}

/** A response with everything it was given. */
export interface StoredResponse {
  readonly id: string;
  /** As it was answered. */
  readonly body: object;
  /** Everything the model was given, oldest first, and what it answered. */
  readonly input: readonly StoredItem[];
  readonly output: readonly StoredItem[];
}

/** A finished response on its way into the memory. */
export interface NewResponse {
  readonly id: string;
  readonly body: object;
  /** The items of this request alone. */
  readonly input: readonly StoredItem[];
  readonly output: readonly StoredItem[];
  /** The response it went on from, as `find` gave it. */
  readonly previous: StoredResponse | undefined;
}

/** What is kept for one client. It may forget at any time, and says so by giving undefined. */
export interface ResponseMemory {
  find(responseId: string): StoredResponse | undefined;
  findItem(itemId: string): StoredItem | undefined;
  keep(response: NewResponse): void;
  /** Returns whether there was such a response. */
  forget(responseId: string): boolean;
}

/** Knows nothing and keeps nothing. */
export const NO_MEMORY: ResponseMemory = {
  find: () => undefined,
  findItem: () => undefined,
  keep: () => undefined,
  forget: () => false,
};

/** `GET /v1/responses/{id}`. Throws `response_not_found`, or `unsupported_parameter`. */
export function retrieveResponse(
  memory: ResponseMemory,
  id: string,
  query: URLSearchParams,
): object {
  if (query.get('stream') === 'true') throw unsupportedParameter('stream');
  return find(memory, id).body;
}

/** `DELETE /v1/responses/{id}`. Throws `response_not_found`. */
export function deleteResponse(memory: ResponseMemory, id: string): object {
  if (!memory.forget(id)) throw responseNotFound(id);
  return { id, object: 'response', deleted: true };
}

/**
 * `GET /v1/responses/{id}/input_items`: everything the model was given, the newest first unless
 * `order` is `asc`. Throws `response_not_found`, or `invalid_request` naming the parameter.
 */
export function listInputItems(memory: ResponseMemory, id: string, query: URLSearchParams): object {
  const { input } = find(memory, id);
  const ordered = query.get('order') === 'asc' ? input : input.toReversed();
  const { items, hasMore } = pageOf(ordered, query, {
    after: 'after',
    defaultLimit: 20,
    maxLimit: 100,
  });
  return {
    object: 'list',
    data: items,
    first_id: items[0]?.id ?? null,
    last_id: items.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}

/** What `previous_response_id` names. Throws `previous_response_not_found`. */
export function previousResponse(
  memory: ResponseMemory,
  id: string | null | undefined,
): StoredResponse | undefined {
  if (id === null || id === undefined) return undefined;
  const found = memory.find(id);
  if (!found) throw previousResponseNotFound(id);
  return found;
}

/** What an item reference at `path` names. Throws `item_not_found`. */
export function referredItem(memory: ResponseMemory, id: string, path: string): StoredItem {
  const found = memory.findItem(id);
  if (!found) throw itemNotFound(id, path);
  return found;
}

/** The items of a request, each under an id of ours where its client gave it none. */
export function withIds(items: readonly Item[]): StoredItem[] {
  return items.map((item) => {
    const { id, type = 'message' } = item;
    if (typeof id === 'string' && id) return { ...item, id, type };
    const prefix = type === 'message' ? 'msg' : 'item';
    return { ...item, id: `${prefix}_${randomUUID().replaceAll('-', '')}`, type };
  });
}

function find(memory: ResponseMemory, id: string): StoredResponse {
  const found = memory.find(id);
  if (!found) throw responseNotFound(id);
  return found;
}

function responseNotFound(id: string): GatewayError {
  return new GatewayError({
    code: 'response_not_found',
    status: 404,
    message: `Response with id '${shown(id)}' not found. ${WHY_GONE}`,
  });
}

/** The status and the code by which clients know that they have to send everything again. */
function previousResponseNotFound(id: string): GatewayError {
  return new GatewayError({
    code: 'previous_response_not_found',
    status: 400,
    param: 'previous_response_id',
    message: `Previous response with id '${shown(id)}' not found. ${WHY_GONE}`,
  });
}

function itemNotFound(id: string, path: string): GatewayError {
  return new GatewayError({
    code: 'item_not_found',
    status: 404,
    param: path,
    message: `Item with id '${shown(id)}' not found. ${WHY_GONE} Send the item itself.`,
  });
}

const WHY_GONE = 'Responses are kept in memory for a while, and not at all when "store" is false.';

function shown(id: string): string {
  return id.slice(0, 100);
}
