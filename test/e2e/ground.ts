/** One test's world: a Kafka and a Redis of its own, Driftline's processes on them, and the test's own clients beside. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import kafkajs, { type Kafka, type Producer } from 'kafkajs';
import { parse, stringify } from 'yaml';
import type { Role } from '#access';
import { loadPolicy, type Policy } from '#policy';
import { canStartKafka, startKafka, type KafkaServer } from '../servers/kafka.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import { Cluster, type Running } from './cluster.js';

export const TENANT = 'default';
export const PARTITIONS = 4;
/** A dead engine is noticed after this long, so that many can die within one test. */
const SESSION_MS = 1_500;

export interface Ground {
  kafkaServer: KafkaServer;
  redisServer: RedisServer;
  cluster: Cluster;
  kafka: Kafka;
  producer: Producer;
  redis: Redis;
  policy: Policy;
  /** One request to an authority in a role; throws when it does not answer 2xx. */
  ask(url: string, role: Role, method: string, path: string, body?: unknown): Promise<unknown>;
  stop(): Promise<void>;
}

export interface GroundOptions {
  redisArgs?: string[];
  /** Where the processes find Redis, when not directly. */
  redisAt?: (redis: RedisServer) => Promise<string>;
  /** Changes to the shipped policy. */
  policy?: (document: PolicyDocument) => void;
}

interface PolicyDocument {
  catalogue: { servers: object[] };
  detectors: Record<string, { weight: number }>;
}

export const canRun = (redisServer: string): boolean => redisServer !== '' && canStartKafka();

export async function openGround(options: GroundOptions = {}): Promise<Ground> {
  const kafkaServer = await startKafka({ properties: { 'group.min.session.timeout.ms': 500 } });
  const redisServer = await startRedis({ args: options.redisArgs });
  const engine = { sessionTimeoutMs: SESSION_MS, tickMs: 600_000 };
  const settings: Record<string, unknown> = { tenant: TENANT, engine };
  const cluster = new Cluster({
    brokers: kafkaServer.brokers,
    redis: (await options.redisAt?.(redisServer)) ?? `127.0.0.1:${redisServer.port}`,
    partitions: PARTITIONS,
    settings,
  });
  const policyFile = writePolicy(cluster.dir, options.policy);
  settings['policy'] = policyFile;
  const kafka = new kafkajs.Kafka({
    brokers: [kafkaServer.brokers],
    clientId: 'checker',
    logLevel: kafkajs.logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 500, retries: 60 },
  });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  const redis = connectRedis(redisServer.port);
  return {
    kafkaServer,
    redisServer,
    cluster,
    kafka,
    producer,
    redis,
    policy: loadPolicy(policyFile),
    ask: (url, role, method, path, body) => ask(cluster.dir, url, role, method, path, body),
    stop: async () => {
      await cluster.stop();
      redis.disconnect();
      await producer.disconnect();
      await redisServer.stop();
      await kafkaServer.stop();
    },
  };
}

export interface Services {
  engines: Running[];
  authorities: Running[];
  gateways: Running[];
}

/** Two of each, every gateway with an authority of its own. Resolves when decisions can be made. */
export async function startServices(
  ground: Ground,
  gateway: (index: number) => Record<string, unknown> = () => ({}),
): Promise<Services> {
  const { cluster } = ground;
  const two = <T>(start: (index: number) => Promise<T>): Promise<T[]> => Promise.all([start(0), start(1)]);
  // The first one makes the topics, and the shared credentials and keys, before the others look for them.
  const engines = [await cluster.start('engine', 'engine-0')];
  const [others, authorities] = await Promise.all([
    cluster.start('engine', 'engine-1'),
    two((i) => cluster.start('authority', `authority-${i}`)),
  ]);
  engines.push(others);
  const gateways = await two((i) => {
    const settings = { authorityUrl: authorities[i]!.url, ...gateway(i) };
    return cluster.start('gateway', `gateway-${i}`, { gateway: settings });
  });
  await until('every partition is said to be folded', async () => {
    const names = Array.from({ length: PARTITIONS }, (_, partition) => `dl:{activity/${partition}}:c`);
    return (await ground.redis.mget(names)).every((text) => text !== null);
  });
  return { engines, authorities, gateways };
}

/** The test's own client. That its server is away now and then is the test's doing: `until` tries again. */
export function connectRedis(port: number): Redis {
  const redis = new Redis(port, '127.0.0.1', { maxRetriesPerRequest: 50 });
  redis.on('error', () => undefined);
  return redis;
}

/** The shipped policy, with a honeytoken tool (`vault/bait`: commands without a story around them) and the tools of `notes.ts`. */
function writePolicy(dir: string, change: (document: PolicyDocument) => void = () => undefined): string {
  const shipped = createRequire(import.meta.url).resolve('../../assets/policy/default.yaml');
  const document = parse(readFileSync(shipped, 'utf8')) as PolicyDocument;
  document.catalogue.servers.push(
    { match: ['vault'], trust: 'own', tools: { bait: { effect: 'read', canary: true } } },
    {
      match: ['notes'],
      trust: 'own',
      tools: {
        read_note: { effect: 'read', resource: '/note' },
        write_note: { effect: 'write', resource: '/note' },
      },
    },
  );
  change(document);
  const file = join(dir, 'policy.yaml');
  writeFileSync(file, stringify(document));
  return file;
}

async function ask(
  dir: string,
  url: string,
  role: Role,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const { callers } = JSON.parse(readFileSync(join(dir, 'credentials.json'), 'utf8')) as {
    callers: { role: Role; token: string }[];
  };
  const { token } = callers.find((caller) => caller.role === role)!;
  const response = await fetch(url + path, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}

/** Resolves with what `find` finds, or fails with what was awaited. Errors of `find` count as not yet. */
export async function until<T>(
  what: string,
  find: () => Promise<T | undefined | null | false> | T | undefined | null | false,
  deadlineMs = 20_000,
): Promise<T> {
  const end = Date.now() + deadlineMs;
  let last: unknown;
  for (;;) {
    try {
      const found = await find();
      if (found !== undefined && found !== null && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end)
      throw new Error(`not within ${deadlineMs} ms: ${what}${last ? ` (${last})` : ''}`, { cause: last });
    await sleep(20);
  }
}
