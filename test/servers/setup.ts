import type { TestProject } from 'vitest/node';
import { forTests } from '../../scripts/infra/endpoints.mjs';
import { reapOrphans } from '../../scripts/infra/tools.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** host:port of a Kafka for this run, '' when there is none. Topics and groups must be unique per test. */
    kafkaBrokers: string;
    /** Path of a redis-server binary, '' when there is none. */
    redisServer: string;
  }
}

/**
 * Finds or starts the real servers that the tests need, once per run, the same way as `npm run infra:up`.
 * Without them the tests are skipped, loudly; under CI=true the run fails instead.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await reapOrphans();
  const servers = await forTests();
  const missing = [
    ...(servers.kafka.value ? [] : [`Kafka: ${servers.kafka.why}`]),
    ...(servers.redis.value ? [] : [`Redis: ${servers.redis.why}`]),
  ];
  if (missing.length > 0) await tellMissing(missing, servers.stop);
  project.provide('kafkaBrokers', servers.kafka.value);
  project.provide('redisServer', servers.redis.value);
  return servers.stop;
}

async function tellMissing(missing: string[], stop: () => Promise<void>): Promise<void> {
  const line = '='.repeat(100);
  const how =
    'Set DRIFTLINE_KAFKA_BROKERS and DRIFTLINE_REDIS, run a Docker engine, or install Java 17+, Maven and redis-server.';
  process.stderr.write(
    `\n${line}\nTESTS ON REAL SERVERS ARE SKIPPED\n${missing.join('\n')}\n${how}\n${line}\n\n`,
  );
  if (process.env.CI !== 'true') return;
  await stop();
  throw new Error(`CI=true and these servers are missing: ${missing.join('; ')}`);
}
