import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kafkaJars, restartKafkaNode, startKafkaNode } from '../../scripts/infra/kafka.mjs';
import { isAlive, stopServer } from '../../scripts/infra/tools.mjs';

/** A Kafka of a test's own, to be killed and restarted. Ends with the test: call `stop`. */
export interface KafkaServer {
  brokers: string;
  port: number;
  readonly pid: number;
  /** SIGKILL; the data stays. */
  kill(): Promise<void>;
  /** Starts again on the same data and port; resolves when it answers. */
  restart(): Promise<void>;
  /** Ends it and removes its data (unless `dir` was given). */
  stop(): Promise<void>;
}

/** True when this machine can run a Kafka of its own (Java and the jars). */
export function canStartKafka(): boolean {
  try {
    return kafkaJars() !== '';
  } catch {
    // The reason was told, loudly, by the global setup.
    return false;
  }
}

/** Starts one node: about 4 s. `fast: false` = full JIT, for benchmarks. `properties` go into server.properties. */
export async function startKafka(
  options: {
    port?: number;
    dir?: string;
    fast?: boolean;
    properties?: Record<string, string | number | boolean>;
    /** A further listener. */
    listener?: { name: 'SSL' | 'SASL_PLAINTEXT' | 'SASL_SSL'; port: number };
    /** What clients are told to connect to: the port of a proxy in front of it, which must be up already. */
    advertisedPort?: number;
  } = {},
): Promise<KafkaServer> {
  const dir = options.dir ?? mkdtempSync(join(tmpdir(), 'driftline-kafka-'));
  let node = await startKafkaNode({ ...options, dir });
  return {
    brokers: `127.0.0.1:${node.port}`,
    port: node.port,
    get pid() {
      return node.server.pid;
    },
    kill: () => stopServer(node.server, { signal: 'SIGKILL' }),
    async restart() {
      if (isAlive(node.server)) await stopServer(node.server);
      node = await restartKafkaNode(node);
    },
    async stop() {
      await stopServer(node.server, { signal: 'SIGKILL' });
      if (options.dir === undefined) rmSync(dir, { recursive: true, force: true });
    },
  };
}
