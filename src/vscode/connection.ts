/**
 * How a client reaches the gateway of this window: the one place that knows. What sets clients up
 * or calls the gateway over HTTP asks here.
 */
import { defaultModel } from '../gateway/models';
import type { GatewayController } from './controller';
import type { Connection } from './hostedGateway';

export interface ConnectionSource {
  /** Undefined while no gateway serves. Rejects when the secret store does. */
  connection(): Promise<Connection | undefined>;
  /**
   * The models clients may name, the default one first; undefined while no gateway serves. Rejects
   * with a GatewayError when Lingma does not tell.
   */
  models(
    signal: AbortSignal,
  ): Promise<readonly { readonly id: string; readonly name: string }[] | undefined>;
}

export function connectionSource(
  controller: Pick<GatewayController, 'connection' | 'serving'>,
): ConnectionSource {
  return {
    connection: () => controller.connection(),
    async models(signal) {
      const models = await controller.serving?.models(signal);
      if (!models) return undefined;
      const preferred = defaultModel(models);
      return [preferred, ...models.filter(({ id }) => id !== preferred.id)];
    },
  };
}
