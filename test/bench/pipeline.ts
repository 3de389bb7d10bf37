/**
 * Events a second through the whole engine on real Kafka and Redis, beside what kafkajs alone reads: same topic, same
 * bytes, same fetch sizes and concurrency, alternating rounds in one run.
 */
import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { ceHeaders, encodeActivity, partitionOf } from '#activity';
import { agentKey, TOPICS, type ToolCall, type ToolResult } from '#activity/types';
import { startEngine } from '#engine';
import { defaultPolicy } from '#policy';
import type { StateStore } from '#store';
import type { Log } from '#stream';
import { createLogger } from '#telemetry';
import { figure, type Figure } from './figures.js';
import { Load } from './load.js';
import type { Servers } from './servers.js';

export const ROUNDS = 5;
const HOT_EVENTS = 200_000;
const HOT_AGENTS = 1_000;
const DISTINCT_EVENTS = 100_000;
const APPEND_RECORDS = 2_000;
const ROUND_DEADLINE_MS = 180_000;
/** As the engine's `throughput` profile reads. */
const FETCH = { minBytes: 64 * 1024, maxWaitTimeInMs: 200, maxBytesPerPartition: 1024 * 1024 };
const CONCURRENCY = 4;

/** `stock` is one more baseline on the same topic, in the same rounds. */
export async function benchHot(
  servers: Servers,
  stock: (servers: Servers) => Promise<number>,
): Promise<Figure[]> {
  const load = new Load({ seed: 7, agents: HOT_AGENTS, startMs: Date.now(), stepMs: 40 });
  return benchPipeline(servers, 'hot', load, HOT_EVENTS, stock);
}

export async function benchDistinct(servers: Servers): Promise<Figure[]> {
  const load = new Load({ seed: 11, agents: 0, distinct: true, startMs: Date.now(), stepMs: 1 });
  return benchPipeline(servers, 'distinct', load, DISTINCT_EVENTS);
}

async function benchPipeline(
  servers: Servers,
  name: string,
  load: Load,
  events: number,
  stock?: (servers: Servers) => Promise<number>,
): Promise<Figure[]> {
  await produce(servers, () => load.next(), events);
  const bare: number[] = [];
  const full: number[] = [];
  const stocked: number[] = [];
  let commands = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    bare.push(await bareConsume(servers));
    const ran = await runEngine(servers);
    full.push(ran.rate);
    commands = ran.commands / ran.events;
    if (stock) stocked.push(await stock(servers));
  }
  const ratios = full.map((rate, i) => rate / bare[i]!);
  return [
    figure(`pipeline_${name}_ratio`, 'ratio', ratios),
    figure(`pipeline_${name}_events_per_second`, 'events/s', full),
    figure(`bare_consume_${name}_events_per_second`, 'events/s', bare),
    figure(`pipeline_${name}_command_share`, 'ratio', [commands]),
    ...(stock ? besideStock(full, stocked) : []),
  ];
}

function besideStock(full: number[], stocked: number[]): Figure[] {
  return [
    figure(
      'vs_nest_transport_ratio',
      'ratio',
      full.map((rate, i) => rate / stocked[i]!),
    ),
    figure('nest_transport_events_per_second', 'events/s', stocked),
  ];
}

/** Empties the activity topic first: every figure has a log of its own. */
export async function produce(
  servers: Servers,
  next: () => ToolCall | ToolResult,
  events: number,
): Promise<void> {
  const config = servers.config();
  await emptyTopics(servers);
  const { log, close } = await servers.open(config);
  const partitions = await log.partitions(TOPICS.activity);
  for (let done = 0; done < events; done += APPEND_RECORDS) {
    const records = Array.from({ length: Math.min(APPEND_RECORDS, events - done) }, () => {
      const activity = next();
      const key = agentKey(activity);
      const headers = ceHeaders(activity);
      return { key, value: encodeActivity(activity), partition: partitionOf(key, partitions), headers };
    });
    await log.append(TOPICS.activity, records);
  }
  await close();
}

async function emptyTopics(servers: Servers): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [servers.brokers], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const ours = (await admin.listTopics()).filter((topic) => topic.startsWith('driftline.'));
  if (ours.length > 0) await admin.deleteTopics({ topics: ours });
  for (;;) {
    if (!(await admin.listTopics()).some((topic) => topic.startsWith('driftline.'))) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await admin.disconnect();
  await flush(servers);
}

export async function flush(servers: Servers): Promise<void> {
  const redis = new Redis(Number(servers.redis.split(':')[1]), '127.0.0.1');
  await redis.flushall();
  redis.disconnect();
}

/** Where each partition of the activity topic ends now. */
export async function ends(log: Log): Promise<number[]> {
  const partitions = await log.partitions(TOPICS.activity);
  return Promise.all(
    Array.from({ length: partitions }, async (_, i) => (await log.bounds(TOPICS.activity, i)).end),
  );
}

async function bareConsume(servers: Servers): Promise<number> {
  const { log, close } = await servers.open(servers.config());
  const until = await ends(log);
  await close();
  const total = until.reduce((sum, end) => sum + end, 0);
  const kafka = new kafkajs.Kafka({ brokers: [servers.brokers], logLevel: kafkajs.logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: `bare-${randomUUID()}`, ...FETCH });
  await consumer.connect();
  await consumer.subscribe({ topic: TOPICS.activity, fromBeginning: true });
  let seen = 0;
  let started = 0;
  const rate = await within(
    new Promise<number>((resolve) => {
      void consumer.run({
        autoCommit: false,
        eachBatchAutoResolve: true,
        partitionsConsumedConcurrently: CONCURRENCY,
        eachBatch: async ({ batch }) => {
          started ||= performance.now();
          seen += batch.messages.length;
          if (seen >= total) resolve((seen / (performance.now() - started)) * 1_000);
        },
      });
    }),
  );
  await consumer.disconnect();
  return rate;
}

async function runEngine(servers: Servers): Promise<{ rate: number; events: number; commands: number }> {
  await flush(servers);
  const engine = {
    group: `bench-${randomUUID()}`,
    concurrency: CONCURRENCY,
    profile: 'throughput',
    tickMs: 600_000,
  };
  const config = servers.config({ engine });
  const { log, store, close } = await servers.open(config);
  const until = await ends(log);
  const events = until.reduce((sum, end) => sum + end, 0);
  let started = 0;
  const commandsBefore = await commandCount(log);
  const finished = watchCommits(store, until, () => (started ||= performance.now()));
  const running = await startEngine({
    config,
    log,
    store: finished.store,
    policy: defaultPolicy(),
    logger: createLogger({ service: 'bench', level: 'error' }),
  });
  await within(finished.done);
  const rate = (events / (performance.now() - started)) * 1_000;
  const commands = (await commandCount(log)) - commandsBefore;
  await running.stop();
  await close();
  return { rate, events, commands };
}

async function commandCount(log: Log): Promise<number> {
  const topics = [TOPICS.alerts, TOPICS.revocations];
  const all = await Promise.all(topics.map(async (topic) => (await log.bounds(topic, 0)).end));
  return all.reduce((sum, end) => sum + end, 0);
}

/** The store, and when every partition was folded to its end. `onFirst` fires at the first load or commit. */
function watchCommits(
  store: StateStore,
  until: number[],
  onFirst: () => void,
): { store: StateStore; done: Promise<void> } {
  const open = new Set(until.flatMap((end, partition) => (end > 0 ? [partition] : [])));
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const watched = new Proxy(store, {
    get(target, name: keyof StateStore) {
      const method = target[name] as (...args: unknown[]) => unknown;
      if (name === 'load') {
        return (partition: string, keys: string[]) => {
          if (partition.startsWith('activity/') && keys.length > 1) onFirst();
          return method.call(target, partition, keys);
        };
      }
      if (name !== 'commit') return method.bind(target);
      return async (request: Parameters<StateStore['commit']>[0]) => {
        const result = await target.commit(request);
        const [topic, number] = request.partition.split('/');
        if (topic === 'activity' && request.next.offset >= until[Number(number)]! - 1)
          open.delete(Number(number));
        if (open.size === 0) finish();
        return result;
      };
    },
  });
  return { store: watched, done };
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('a round did not end in time')), ROUND_DEADLINE_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
