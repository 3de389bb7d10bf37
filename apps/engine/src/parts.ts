import type { Config } from '#config';
import type { Log } from '#stream';
import type { StateStore } from '#store';
import type { Logger } from '#telemetry';
import type { EngineMetrics } from './metrics.js';
import type { Policies } from './policies.js';

/** What every part of one engine works with. */
export interface Parts {
  config: Config;
  log: Log;
  store: StateStore;
  policies: Policies;
  logger: Logger;
  metrics: EngineMetrics;
  /** Partitions of the activity topic. */
  partitions: number;
  /** `engine/<id>`. */
  source: string;
  /** New at each start. */
  instance: string;
}
