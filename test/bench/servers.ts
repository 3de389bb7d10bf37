/** A Kafka (with its full compiler) and a Redis of the benchmark's own, on loopback. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startKafkaNode } from '#infra/kafka.mjs';
import { startRedisNode } from '#infra/redis.mjs';
import { stopServer } from '#infra/tools.mjs';
import { Config } from '#config';
import { topicSpecs } from '#engine';
import { openStore, type StateStore } from '#store';
import { openLog, type Log } from '#stream';

export interface Servers {
  brokers: string;
  redis: string;
  /** Of Kafka and Redis. */
  pids: { kafka: number; redis: number };
  config(overrides?: Record<string, unknown>): Config;
  open(config: Config): Promise<{ log: Log; store: StateStore; close(): Promise<void> }>;
  stop(): Promise<void>;
}

const ANY_PORT = { host: '127.0.0.1', port: 0 };

export async function startServers(): Promise<Servers> {
  const dir = mkdtempSync(join(tmpdir(), 'driftline-bench-'));
  const kafka = await startKafkaNode({ dir: join(dir, 'kafka'), fast: false });
  const redis = await startRedisNode({ dir: join(dir, 'redis') });
  const brokers = `127.0.0.1:${kafka.port}`;
  const address = `127.0.0.1:${redis.port}`;
  return {
    brokers,
    redis: address,
    pids: { kafka: kafka.server.pid, redis: redis.server.pid },
    config: (overrides = {}) =>
      Config.parse({
        storage: 'servers',
        dataDir: dir,
        kafka: { brokers: [brokers] },
        redis: { nodes: [address] },
        authority: { listen: ANY_PORT },
        gateway: { listen: ANY_PORT },
        ...overrides,
        engine: { listen: ANY_PORT, ...(overrides['engine'] as object | undefined) },
      }),
    open: async (config) => {
      const log = await openLog(config);
      await log.ensureTopics(topicSpecs(config));
      const store = await openStore(config);
      const close = async () => {
        await store.close();
        await log.close();
      };
      return { log, store, close };
    },
    stop: async () => {
      await Promise.all([
        stopServer(kafka.server, { signal: 'SIGKILL' }),
        stopServer(redis.server, { signal: 'SIGKILL' }),
      ]);
      rmSync(dir, { recursive: true, force: true });
    },
  };
}
