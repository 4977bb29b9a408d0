/** Keys of clients for the owner of a gateway, and for each client what it has used itself. */
import { type GatewayError, invalidRequest } from '../../base/errors';
import { isRecord } from '../../base/json';
import { readJson } from '../../http/body';
import { isKeyDigest } from '../../http/keyRing';
import type { Route } from '../../http/server';
import type { ClientKeys, KeyRecord } from '../clientKeys';
import type { ClientUsage } from '../keyStatistics';

export type KeyDependencies = Pick<ClientKeys, 'list' | 'create' | 'admit' | 'revoke' | 'usageOf'>;

export function keyRoutes(keys: KeyDependencies): Route[] {
  return [
    {
      method: 'GET',
      path: '/v1/usage',
      access: 'key',
      handle: (context, client) => {
        context.sendJson(200, describeUsage(client.name, keys.usageOf(client)));
      },
    },
    {
      method: 'GET',
      path: '/internal/keys',
      access: 'owner',
      handle: (context) => {
        context.sendJson(200, { keys: keys.list() });
      },
    },
    {
      // The answer is the only place where the key is ever told.
      method: 'POST',
      path: '/internal/keys',
      access: 'owner',
      handle: async (context) => {
        const wanted = readWanted(await readJson(context.request));
        if (typeof wanted === 'string') context.sendJson(201, await keys.create(wanted));
        else {
          await keys.admit(wanted);
          context.sendJson(201, wanted);
        }
      },
    },
    {
      method: 'DELETE',
      path: '/internal/keys/{name}',
      access: 'owner',
      handle: async (context) => {
        const name = context.params['name'] ?? '';
        await keys.revoke(name);
        context.sendJson(200, { name, revoked: true });
      },
    },
  ];
}

/** Under names as those of the dialects; `usage` is missing only once the key is revoked. */
function describeUsage(client: string, usage: ClientUsage | undefined): object {
  const { completed = 0, failed = 0, cancelled = 0, hits = 0, misses = 0 } = usage ?? {};
  const { inputTokens = 0, cachedTokens = 0, outputTokens = 0, lastUsedAtMs = null } = usage ?? {};
  return {
    object: 'usage',
    client,
    turns: { completed, failed, cancelled },
    sessions: { hits, misses },
    tokens: { input: inputTokens, cached: cachedTokens, output: outputTokens },
    last_used_at: lastUsedAtMs === null ? null : Math.floor(lastUsedAtMs / 1000),
  };
}

/** The name of a client that is to get a key, or a key that was made elsewhere. */
function readWanted(body: unknown): string | KeyRecord {
  if (!isRecord(body)) throw invalidRequest(undefined, 'Send a JSON object.');
  const { name, digest, createdAtMs = null, lastUsedAtMs = null, ...others } = body;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw invalidRequest(
      unknown,
      'This endpoint takes name, or name with digest, createdAtMs and lastUsedAtMs.',
    );
  }
  if (typeof name !== 'string') throw invalidRequest('name', 'name takes the name of the client.');
  if (digest === undefined) return name;
  if (typeof digest !== 'string' || !isKeyDigest(digest)) throw badDigest();
  return {
    name,
    digest,
    createdAtMs: time('createdAtMs', createdAtMs),
    lastUsedAtMs: time('lastUsedAtMs', lastUsedAtMs),
  };
}

function time(name: string, value: unknown): number | null {
  if (value === null || (typeof value === 'number' && value >= 0)) return value;
  throw invalidRequest(name, `${name} takes milliseconds since 1970, or null.`);
}

function badDigest(): GatewayError {
  return invalidRequest('digest', "digest takes the key's SHA-256 in lower-case hex.");
}
