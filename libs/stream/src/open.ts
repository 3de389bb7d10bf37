import type { Config } from '#config';
import { openEmbeddedLog } from './embedded/log.js';
import { LogError } from './errors.js';
import { openKafkaLog } from './kafka/log.js';
import type { Log, LogEvents } from './port.js';

/** The log that the configuration names: embedded under `dataDir`, or Kafka. */
export async function openLog(
  config: Pick<Config, 'storage' | 'dataDir' | 'kafka'>,
  events: LogEvents = {},
): Promise<Log> {
  if (config.storage === 'embedded') return openEmbeddedLog({ dir: config.dataDir, events });
  if (config.kafka === undefined)
    throw new LogError('no-brokers', '`storage: servers` needs `kafka.brokers` in the configuration.');
  return openKafkaLog(config.kafka, { events });
}
