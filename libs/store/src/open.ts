import { join } from 'node:path';
import type { Config } from '#config';
import type { Logger } from '#telemetry';
import { openEmbeddedStore } from './embedded/store.js';
import type { StateStore } from './port.js';
import { openRedisStore } from './redis/store.js';

/**
 * The store that the configuration names: LMDB under `dataDir/store`, or Redis. Call `check` before relying on it.
 * The embedded one belongs to one process: hold the lock of the data directory.
 */
export async function openStore(config: Config, options: { logger?: Logger } = {}): Promise<StateStore> {
  if (config.storage === 'embedded') return openEmbeddedStore({ dir: join(config.dataDir, 'store') });
  if (!config.redis) throw new RangeError('storage is "servers": expected settings of redis, got none');
  return openRedisStore(config.redis, options);
}
