/** What the commands on keys do once their dialogs have been answered. */
import { GatewayError } from '../../base/errors';
import {
  assertClientName,
  type ClientKeyInfo,
  type CreatedKey,
  type KeyRecord,
  newKey,
} from '../../gateway/clientKeys';
import type { HostedGateway } from '../hostedGateway';
import type { KeyDependencies } from './dependencies';

/** What these need of the dependencies; the tests have others. */
export interface KeyActions {
  readonly controller: {
    readonly serving: Pick<HostedGateway, 'clientKeys' | 'createKey' | 'revokeKey'> | undefined;
  };
  readonly store: Pick<KeyDependencies['store'], 'list' | 'keep' | 'forget' | 'mirror'>;
}

/** A key, and what it has been used for where a gateway runs. */
export type ListedKey = KeyRecord & Partial<Pick<ClientKeyInfo, 'usage'>>;

/** The gateway's own list where one runs, with the times that only this editor remembers. */
export async function listKeys({ controller, store }: KeyActions): Promise<ListedKey[]> {
  const stored = await store.list();
  const served = await controller.serving?.clientKeys();
  return (served ?? stored).map((key) => {
    const lastUsedAtMs =
      key.lastUsedAtMs ?? stored.find(({ digest }) => digest === key.digest)?.lastUsedAtMs ?? null;
    return { ...key, lastUsedAtMs };
  });
}

/**
 * Makes a key that is kept; where a gateway runs it opens that at once. Rejects with
 * `invalid_request` for a name that is taken or cannot be used.
 */
export async function makeKey(
  { controller, store }: KeyActions,
  name: string,
): Promise<CreatedKey> {
  if (!controller.serving) {
    assertClientName(name, await store.list());
    const created = newKey(name, Date.now());
    await store.keep(created);
    return created;
  }
  const created = await controller.serving.createKey(name);
  // The window that runs the gateway may be one of another editor. It has written the key down, so
  // whatever fails here must not keep the user from getting it.
  await store.mirror([created]).catch(() => undefined);
  return created;
}

/**
 * Revokes a key wherever it is known. By its digest: while the user was being asked, its name may
 * have become another one's.
 */
export async function revokeKey(
  { controller, store }: KeyActions,
  { digest }: Pick<KeyRecord, 'digest'>,
): Promise<void> {
  // Written down first: whatever becomes of the gateway, the key is void.
  await store.forget({ digest });
  const { serving } = controller;
  const served = (await serving?.clientKeys())?.find((key) => key.digest === digest);
  if (served) await serving?.revokeKey(served.name);
}

/** What rotating the gateway's own key needs. */
export interface Rotation {
  readonly controller: Pick<KeyDependencies['controller'], 'state' | 'connection' | 'restart'>;
  readonly apiKey: KeyDependencies['apiKey'];
}

/**
 * Replaces the gateway's own key and has the gateway take it; gives both. Rejects when the gateway
 * that runs still opens with the old one.
 */
export async function rotateKey({
  controller,
  apiKey,
}: Rotation): Promise<{ readonly old: string; readonly key: string }> {
  // Another window's gateway may have another key.
  const old = (await controller.connection())?.apiKey ?? (await apiKey.get());
  const key = await apiKey.rotate();
  if (controller.state.kind !== 'stopped') await controller.restart();
  if ((await controller.connection())?.apiKey === old) throw stillOpens();
  return { old, key };
}

function stillOpens(): GatewayError {
  return new GatewayError({
    code: 'leader_gone',
    status: 503,
    message:
      'The window that runs the gateway has not restarted it, so the earlier key still opens it. ' +
      'Run "Lingma Gateway: Restart Gateway", or close that window.',
  });
}
