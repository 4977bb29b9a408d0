/** Finds what is served at a path; nearly all requests are for one of the paths without names. */
import type { PathParams } from './context';
import { matchPath } from './paths';
import type { Route } from './server';

/** A route at a path. */
export interface RouteMatch {
  readonly route: Route;
  /** Values of the `{name}` segments, decoded. */
  readonly params: PathParams;
}

const NO_PARAMS: PathParams = {};

export class RouteTable {
  readonly #routes: readonly Route[];
  /** By the very path. */
  readonly #exact = new Map<string, RouteMatch[]>();
  readonly #patterns: readonly { readonly pattern: string; readonly route: Route }[];

  constructor(routes: readonly Route[]) {
    this.#routes = routes;
    const all = routes.flatMap((route) =>
      [route.path, ...(route.aliases ?? [])].map((pattern) => ({ pattern, route })),
    );
    this.#patterns = all.filter(({ pattern }) => pattern.includes('{'));
    for (const { pattern, route } of all) {
      if (pattern.includes('{')) continue;
      const match: RouteMatch = { route, params: NO_PARAMS };
      this.#exact.set(pattern, [...(this.#exact.get(pattern) ?? []), match]);
    }
  }

  /** The paths that are served, aliases left out. */
  get paths(): string[] {
    return [...new Set(this.#routes.map(({ path }) => path))];
  }

  /** One for each method that the path takes. A path without names goes before a pattern. */
  at(path: string): readonly RouteMatch[] {
    const exact = this.#exact.get(path);
    if (exact) return exact;
    return this.#patterns.flatMap(({ pattern, route }) => {
      const params = matchPath(pattern, path);
      return params ? [{ route, params }] : [];
    });
  }
}
