/** Lists that are handed out page by page, each page named by the id at its edge. */
import { invalidRequest } from '../base/errors';

export interface PageRules {
  /** Query parameters that name the edge; what follows it, or what comes before it, is the page. */
  readonly after: string;
  readonly before?: string;
  readonly defaultLimit: number;
  readonly maxLimit: number;
}

export interface PageOf<T> {
  readonly items: readonly T[];
  /** Whether there is more on the far side of the page. */
  readonly hasMore: boolean;
}

/** The page `query` asks for. Throws `invalid_request` naming the parameter. */
export function pageOf<T extends { readonly id: string }>(
  items: readonly T[],
  query: URLSearchParams,
  rules: PageRules,
): PageOf<T> {
  const limit = limitOf(query, rules);
  const after = edge(items, query, rules.after);
  const before = rules.before === undefined ? undefined : edge(items, query, rules.before);
  if (after !== undefined && before !== undefined) {
    throw invalidRequest(rules.before, `Send either ${rules.after} or ${rules.before ?? ''}.`);
  }
  if (before !== undefined) {
    const start = Math.max(0, before - limit);
    return { items: items.slice(start, before), hasMore: start > 0 };
  }
  const start = after === undefined ? 0 : after + 1;
  return { items: items.slice(start, start + limit), hasMore: start + limit < items.length };
}

function limitOf(query: URLSearchParams, { defaultLimit, maxLimit }: PageRules): number {
  const text = query.get('limit');
  if (text === null) return defaultLimit;
  const limit = Number(text);
  if (/^\d+$/.test(text) && limit >= 1 && limit <= maxLimit) return limit;
  throw invalidRequest('limit', `limit takes a whole number from 1 to ${maxLimit}.`);
}

function edge(
  items: readonly { readonly id: string }[],
  query: URLSearchParams,
  name: string,
): number | undefined {
  const id = query.get(name);
  if (!id) return undefined;
  const index = items.findIndex((item) => item.id === id);
  if (index < 0) throw invalidRequest(name, `${name} is the id of nothing in this list.`);
  return index;
}
