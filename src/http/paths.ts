/** Paths of requests and of routes. */
import type { PathParams } from './context';

/** The path of a request target, which clients may also send in its absolute form. */
export function pathOf(url: string | undefined): string {
  const target = (url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '');
  const end = target.search(/[?#]/);
  const path = end < 0 ? target : target.slice(0, end);
  return path === '' ? '/' : path;
}

/** Whom a request target in its absolute form is for, in small letters; undefined in any other form. */
export function authorityOf(url: string | undefined): string | undefined {
  return /^https?:\/\/([^/?#]*)/i.exec(url ?? '')?.[1]?.toLowerCase();
}

/** The query of a request target; empty when it has none. */
export function queryOf(url: string | undefined): URLSearchParams {
  return new URLSearchParams(/\?([^#]*)/.exec(url ?? '')?.[1] ?? '');
}

/**
 * Whether `path` is one of `pattern`, in which `{name}` stands for one segment that is not empty:
 * the values of those segments, or undefined.
 */
export function matchPath(pattern: string, path: string): PathParams | undefined {
  if (!pattern.includes('{')) return pattern === path ? {} : undefined;
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, segment] of wanted.entries()) {
    const value = given[index] ?? '';
    const name = /^\{(\w+)\}$/.exec(segment)?.[1];
    if (name === undefined) {
      if (segment !== value) return undefined;
      continue;
    }
    const decoded = decode(value);
    if (!decoded) return undefined;
    params[name] = decoded;
  }
  return params;
}

/** Undefined for what is no valid escape: no route can mean it. */
function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
