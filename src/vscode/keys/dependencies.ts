/** What the commands on keys work with. */
import type { ApiKey } from '../apiKey';
import type { GatewayController } from '../controller';
import type { KeyStore } from './keyStore';

export interface KeyDependencies {
  readonly controller: Pick<GatewayController, 'state' | 'serving' | 'connection' | 'restart'>;
  readonly apiKey: Pick<ApiKey, 'get' | 'rotate'>;
  readonly store: KeyStore;
}
