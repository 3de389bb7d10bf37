import { LogError, UnknownTopic } from '../errors.js';
import { OpenSet } from '../open-set.js';
import type {
  AppendRecord,
  Bounds,
  Consumer,
  ConsumeOptions,
  Follower,
  FollowOptions,
  Log,
  LogEvents,
  LogRecord,
  TopicSpec,
} from '../port.js';
import { KafkaAppender } from './appender.js';
import type { KafkaSettings } from './client.js';
import { KafkaConsumer } from './consumer.js';
import { KafkaFollower } from './follower.js';
import { patchKafkajs } from './patches.js';
import { Questions } from './reader.js';
import { ensureTopics, IDENTITY_SPEC, IDENTITY_TOPIC, newIdentity, withAdmin } from './topics.js';

/** How long an append may take before its caller is told; Kafka may be away for longer. */
const APPEND_DEADLINE_MS = 10_000;

export interface KafkaLogOptions {
  events?: LogEvents;
  /** Default 10 s. */
  appendDeadlineMs?: number;
  /** Of what we write; default none. The broker stores it as the topic says. */
  compression?: 'none' | 'gzip';
}

/** The log on Kafka 3.x–4.x. Connects when it is first used. */
export async function openKafkaLog(config: KafkaSettings, options: KafkaLogOptions = {}): Promise<Log> {
  patchKafkajs();
  return new KafkaLog(config, options);
}

class KafkaLog implements Log {
  private readonly events: LogEvents;
  private readonly questions: Questions;
  private readonly appender: KafkaAppender;
  private readonly open = new OpenSet();
  private identity: Promise<string> | null = null;

  constructor(
    private readonly config: KafkaSettings,
    options: KafkaLogOptions,
  ) {
    this.events = options.events ?? {};
    this.questions = new Questions(config);
    const { appendDeadlineMs = APPEND_DEADLINE_MS, compression = 'none' } = options;
    this.appender = new KafkaAppender(config, { deadlineMs: appendDeadlineMs, compression }, this.events);
  }

  id(): Promise<string> {
    this.identity ??= this.readIdentity().catch((error: unknown) => {
      this.identity = null;
      throw error;
    });
    return this.identity;
  }

  /** The first record of the identity topic, whoever wrote it; and the cluster's own id. */
  private async readIdentity(): Promise<string> {
    const { clusterId } = await withAdmin(this.config, (admin) => admin.describeCluster());
    await ensureTopics(this.config, [IDENTITY_SPEC], this.events);
    const first = (await this.firstIdentity()) ?? (await this.writeIdentity());
    return `${clusterId}/${first}`;
  }

  private async firstIdentity(): Promise<string | null> {
    const { start } = await this.questions.bounds(IDENTITY_TOPIC, 0);
    const record = await this.questions.readAt(IDENTITY_TOPIC, 0, start);
    return record?.value?.toString() ?? null;
  }

  private async writeIdentity(): Promise<string> {
    await this.append(IDENTITY_TOPIC, [{ key: 'log', value: Buffer.from(newIdentity()) }]);
    const first = await this.firstIdentity();
    if (first === null) throw new LogError('log-identity', `${IDENTITY_TOPIC} is empty after a write to it.`);
    return first;
  }

  ensureTopics(specs: TopicSpec[]): Promise<void> {
    return ensureTopics(this.config, specs, this.events);
  }

  async partitions(topic: string): Promise<number> {
    return (await this.questions.partitions(topic)).length;
  }

  async append(topic: string, records: AppendRecord[]): Promise<{ partition: number; offset: number }[]> {
    const partitions = await this.questions.partitions(topic);
    return this.appender.append(
      topic,
      records.map((record) => ({ ...record, partition: target(topic, partitions, record) })),
    );
  }

  bounds(topic: string, partition: number): Promise<Bounds> {
    return this.questions.bounds(topic, partition);
  }

  readAt(topic: string, partition: number, offset: number): Promise<LogRecord | null> {
    return this.questions.readAt(topic, partition, offset);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    await this.questions.partitions(options.topic);
    const bounds = (partition: number) => this.questions.bounds(options.topic, partition);
    return this.open.track(new KafkaConsumer(this.config, options, this.events, bounds));
  }

  async groupPositions(group: string, topic: string): Promise<(number | null)[]> {
    const partitions = await this.questions.partitions(topic);
    const [answer] = await withAdmin(this.config, (admin) =>
      admin.fetchOffsets({ groupId: group, topics: [topic] }),
    );
    const offsets = new Map(answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
    return partitions.map((partition) => {
      const offset = offsets.get(partition) ?? -1;
      return offset < 0 ? null : offset;
    });
  }

  async follow(options: FollowOptions): Promise<Follower> {
    return this.open.track(await KafkaFollower.open(this.config, options, this.events));
  }

  async close(): Promise<void> {
    await this.open.stopAll();
    await this.appender.close();
    this.questions.close();
  }
}

function target(topic: string, partitions: number[], record: AppendRecord): number {
  if (record.partition === undefined && partitions.length > 1)
    throw new LogError(
      'partition-required',
      `${topic} has ${partitions.length} partitions: say which one the record goes to.`,
    );
  const partition = record.partition ?? 0;
  if (!partitions.includes(partition)) throw new UnknownTopic(topic, partition);
  return partition;
}
