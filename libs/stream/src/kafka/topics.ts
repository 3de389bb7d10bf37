/** Topics as Driftline needs them, and the identity of the log. */
import { randomUUID } from 'node:crypto';
import kafkajs, { type Admin } from 'kafkajs';
import { TopicMisconfigured } from '../errors.js';
import type { LogEvents, TopicSpec } from '../port.js';
import { makeClient, type KafkaSettings } from './client.js';
import { whileAway } from './reader.js';

const { ConfigResourceTypes } = kafkajs;

/**
 * Holds one record for ever: the log's own id. Kafka's cluster id alone is not enough, it is set by whoever formats the
 * disks and often the same after a wipe.
 */
export const IDENTITY_TOPIC = 'driftline.log-identity.v1';
export const IDENTITY_SPEC: TopicSpec = {
  name: IDENTITY_TOPIC,
  partitions: 1,
  compacted: false,
  retentionMs: null,
};

const HOUR_MS = 3_600_000;
/** How long a tombstone outlives its key, so that every reader has seen it. */
const TOMBSTONE_MS = 24 * HOUR_MS;
/** A segment is an eighth of the retention, within these bounds: what is over age goes at most that much later. */
const SEGMENT_MIN_MS = 60_000;
const SEGMENT_MAX_MS = 24 * HOUR_MS;
const CREATE_TIMEOUT_MS = 15_000;

export const newIdentity = (): string => randomUUID();

/** Runs with an admin client of its own. */
export async function withAdmin<T>(config: KafkaSettings, run: (admin: Admin) => Promise<T>): Promise<T> {
  return whileAway(
    config,
    () => false,
    async () => {
      const client = makeClient(config, 'quick');
      const admin = client.kafka.admin();
      try {
        await admin.connect();
        return await run(admin);
      } finally {
        client.giveUp();
        // A broker that is gone cannot be told goodbye.
        await admin.disconnect().catch(() => {});
      }
    },
  );
}

/** Creates what is missing and checks what is there. */
export async function ensureTopics(
  config: KafkaSettings,
  specs: TopicSpec[],
  events: LogEvents,
): Promise<void> {
  await withAdmin(config, async (admin) => {
    const there = new Set(await admin.listTopics());
    const missing = specs.filter(({ name }) => !there.has(name));
    if (missing.length > 0) await create(admin, config, missing);
    await check(admin, specs, events);
  });
}

async function create(admin: Admin, config: KafkaSettings, specs: TopicSpec[]): Promise<void> {
  await admin.createTopics({
    waitForLeaders: true,
    timeout: CREATE_TIMEOUT_MS,
    topics: specs.map((spec) => ({
      topic: spec.name,
      numPartitions: spec.partitions,
      replicationFactor: config.replicationFactor ?? 1,
      configEntries: Object.entries(settingsOf(spec, config.replicationFactor ?? 1)).map(([name, value]) => ({
        name,
        value: String(value),
      })),
    })),
  });
}

function settingsOf(spec: TopicSpec, replicas: number): Record<string, string | number> {
  const segmentMs = Math.min(
    SEGMENT_MAX_MS,
    Math.max(SEGMENT_MIN_MS, Math.floor((spec.retentionMs ?? Infinity) / 8)),
  );
  const cleanup = spec.compacted ? (spec.retentionMs === null ? 'compact' : 'compact,delete') : 'delete';
  return {
    'cleanup.policy': cleanup,
    'retention.ms': spec.retentionMs ?? -1,
    'segment.ms': segmentMs,
    // The broker's clock, not a producer's: lateness is judged by it.
    'message.timestamp.type': 'LogAppendTime',
    // Whatever codec a producer uses, the broker stores what every reader can read.
    'compression.type': 'uncompressed',
    'delete.retention.ms': TOMBSTONE_MS,
    ...(replicas >= 3 ? { 'min.insync.replicas': 2 } : {}),
  };
}

async function check(admin: Admin, specs: TopicSpec[], events: LogEvents): Promise<void> {
  const { topics } = await admin.fetchTopicMetadata({ topics: specs.map(({ name }) => name) });
  for (const spec of specs) {
    const partitions = topics.find(({ name }) => name === spec.name)?.partitions.length ?? 0;
    if (partitions !== spec.partitions)
      throw new TopicMisconfigured(
        spec.name,
        `it has ${partitions} partitions, ${spec.partitions} were asked for, and that never changes: agents would move ` +
          `between partitions. Configure ${partitions}.`,
      );
  }
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: specs.map(({ name }) => ({ type: ConfigResourceTypes.TOPIC, name })),
  });
  for (const resource of resources) {
    const settings = new Map(resource.configEntries.map((entry) => [entry.configName, entry.configValue]));
    checkSettings(
      specs.find(({ name }) => name === resource.resourceName)!,
      settings,
      events,
    );
  }
}

function checkSettings(spec: TopicSpec, settings: Map<string, string>, events: LogEvents): void {
  const timestamps = settings.get('message.timestamp.type');
  if (timestamps !== 'LogAppendTime')
    throw new TopicMisconfigured(
      spec.name,
      `message.timestamp.type is ${timestamps}, LogAppendTime is needed: append times must be the broker's, not a claim of ` +
        'the producer. Change the setting of the topic.',
    );
  const compacted = settings.get('cleanup.policy')?.includes('compact') ?? false;
  if (compacted !== spec.compacted)
    throw new TopicMisconfigured(
      spec.name,
      `cleanup.policy is ${settings.get('cleanup.policy')}, but it has to be ${spec.compacted ? '' : 'not '}compacted. ` +
        'Change the setting of the topic.',
    );
  const compression = settings.get('compression.type') ?? '';
  if (!['uncompressed', 'gzip'].includes(compression))
    events.warning?.(
      `Topic ${spec.name}: compression.type is ${compression}. A producer may write what cannot be read here (snappy, lz4, ` +
        'zstd) and stop the consumers; set uncompressed or gzip.',
    );
  const retention = Number(settings.get('retention.ms'));
  if (retention !== (spec.retentionMs ?? -1))
    events.warning?.(
      `Topic ${spec.name}: retention.ms is ${retention}, ${spec.retentionMs ?? -1} was asked for.`,
    );
}
