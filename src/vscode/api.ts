/**
 * What other extensions get from `activate`. Versioned: a later `getAPI(2)` may differ, version 1
 * stays as it is. Nothing here may be changed in a way that breaks a caller.
 */
import type { Disposable } from '../base/disposable';
import { snapshotOf } from '../dashboard/protocol';
import type { GatewaySnapshot } from '../gateway/snapshot';
import type { ApiKey } from './apiKey';
import type { GatewayController } from './controller';

export interface LingmaGatewayExports {
  /** The API of that version. Throws a RangeError for a version this extension does not have. */
  getAPI(version: 1): LingmaGatewayApi;
}

export interface LingmaGatewayApi {
  /**
   * `http://127.0.0.1:PORT` while the gateway listens, else undefined. An OpenAI client takes this
   * with `/v1` behind it.
   */
  readonly baseUrl: string | undefined;
  /** The key to present as `Authorization: Bearer …`. Made on first use; never changes by itself. */
  apiKey(): Promise<string>;
  /** The gateway's numbers as of the last change, or undefined while there is no gateway. */
  stats(): GatewaySnapshot | undefined;
  /** Fires after `baseUrl` or `stats()` may have changed, at most a few times a second. */
  onDidChange(listener: () => void): Disposable;
}

export function createExports(
  controller: GatewayController,
  apiKey: Pick<ApiKey, 'get'>,
): LingmaGatewayExports {
  const stats = (): GatewaySnapshot | undefined => snapshotOf(controller.state) ?? undefined;
  const version1: LingmaGatewayApi = Object.freeze({
    get baseUrl() {
      return stats()?.baseUrl ?? undefined;
    },
    apiKey: () => apiKey.get(),
    stats,
    onDidChange: (listener: () => void) =>
      controller.onDidChange(() => {
        listener();
      }),
  });
  return {
    getAPI(version: number) {
      if (version === 1) return version1;
      throw new RangeError(`Lingma Gateway has no API version ${version}; it has version 1.`);
    },
  };
}
