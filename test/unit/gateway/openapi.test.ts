import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, it } from 'mocha';
import { describeApi } from '../../../src/gateway/openapi/document';
import { operations } from '../../../src/gateway/openapi/operations';
import { createRoutes, type RouteDependencies } from '../../../src/gateway/routes';

interface Described {
  readonly operationId: string;
  readonly security: readonly object[];
}
interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
}

describe('gateway/openapi', () => {
  // Nothing is called: the table of routes is all that is wanted, those for windows included.
  const routes = createRoutes({ windows: {} } as unknown as RouteDependencies);
  const document = describeApi(routes, '1.2.3') as Document;

  it('is a valid description in OpenAPI 3.1', async () => {
    const result = await new Validator().validate({ ...document });
    assert.deepEqual(result, { valid: true });
  });

  it('describes every route, and no route that is not there', () => {
    const names = routes.map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(Object.keys(operations).sort(), names.sort());
  });

  it('has every path and alias with its method, and no others', () => {
    const served = routes.flatMap(({ method, path, aliases = [] }) =>
      [path, ...aliases].map((one) => `${method} ${one}`),
    );
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    assert.deepEqual(described.sort(), served.sort());
  });

  it('says whose key each route takes', () => {
    for (const { method, path, access } of routes) {
      const schemes = document.paths[path]?.[method.toLowerCase()]?.security.flatMap(Object.keys);
      const expected = {
        public: [],
        key: ['clientBearer', 'clientHeader'],
        owner: ['ownerBearer', 'ownerHeader'],
      };
      assert.deepEqual(schemes, expected[access], `${method} ${path}`);
    }
  });

  it('names each operation once', () => {
    const ids = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId }) => operationId);
    assert.deepEqual(ids, [...new Set(ids)]);
  });
});
