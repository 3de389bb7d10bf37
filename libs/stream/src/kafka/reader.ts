/** Reading without a group: bounds, single records, and the fetches of followers. */
import { createRequire } from 'node:module';
import type { Cluster } from 'kafkajs';
import { LogError, LogTruncated, UnknownTopic } from '../errors.js';
import type { Bounds, LogRecord } from '../port.js';
import {
  isAway,
  isUnknownTopic,
  makeClient,
  makeCluster,
  rootCause,
  type Client,
  type KafkaSettings,
} from './client.js';
import { fetchRecords } from './fetch-decoder.js';

/** kafkajs's own filter of a fetched batch: records before the offset asked for, control records, aborted ones. */
const Batch = createRequire(import.meta.url)('kafkajs/src/consumer/batch') as new (
  topic: string,
  fetchedOffset: string,
  data: PartitionData,
) => { messages: LogRecord[]; highWatermark: string; lastOffset(): string; rawMessages: unknown[] };

interface PartitionData {
  partition: number;
  highWatermark: string;
  /** What lies between it and the high watermark is of open transactions, and not given out yet. */
  lastStableOffset: string;
  messages: LogRecord[];
}

/** How long a single question (bounds, one record) may take, reconnecting included. */
const CALL_DEADLINE_MS = 10_000;
const CALL_RETRY_MS = 50;
/** A record may be this large, with its batch around it. */
const RECORD_FETCH_BYTES = 1024 * 1024;

export interface Fetched {
  partition: number;
  records: LogRecord[];
  /** Offset to go on at. */
  next: number;
  end: number;
}

/** One connection pool to the cluster, for one topic at a time or several. Thrown away when it broke. */
export class Connection {
  private constructor(
    readonly cluster: Cluster,
    private readonly client: Client,
  ) {}

  static async open(config: KafkaSettings): Promise<Connection> {
    const client = makeClient(config, 'quick');
    const cluster = makeCluster(client);
    fetchRecords(cluster);
    await cluster.connect();
    return new Connection(cluster, client);
  }

  /** Partitions of a topic; makes its leaders known to the connection. */
  async partitions(topic: string): Promise<number[]> {
    try {
      await this.cluster.addTargetTopic(topic);
    } catch (error) {
      if (isUnknownTopic(error)) throw new UnknownTopic(topic);
      throw error;
    }
    return this.cluster
      .findTopicPartitionMetadata(topic)
      .map(({ partitionId }) => partitionId)
      .sort((a, b) => a - b);
  }

  async bounds(topic: string, partitions: number[]): Promise<Bounds[]> {
    const wanted = partitions.map((partition) => ({ partition }));
    const ask = async (fromBeginning: boolean) => {
      const [answer] = await this.cluster.fetchTopicsOffset([{ topic, partitions: wanted, fromBeginning }]);
      const byPartition = new Map(
        answer?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
      );
      return partitions.map((partition) => byPartition.get(partition));
    };
    const [starts, ends] = await Promise.all([ask(true), ask(false)]);
    return partitions.map((partition, index) => {
      const [start, end] = [starts[index], ends[index]];
      if (start === undefined || end === undefined) throw new UnknownTopic(topic, partition);
      return { start, end };
    });
  }

  /** Which broker leads which of the partitions. */
  leaders(topic: string, partitions: number[]): Map<string, number[]> {
    return new Map(Object.entries(this.cluster.findLeaderForPartitions(topic, partitions)));
  }

  /** One fetch from one broker. Throws `LogTruncated` when a position is not on the log. */
  async fetch(
    topic: string,
    nodeId: string,
    positions: Map<number, number>,
    limits: { maxWaitMs: number; maxBytes: number },
  ): Promise<Fetched[]> {
    const broker = await this.cluster.findBroker({ nodeId });
    const partitions = [...positions].map(([partition, offset]) => ({
      partition,
      fetchOffset: String(offset),
      maxBytes: limits.maxBytes,
    }));
    try {
      const { responses } = (await broker.fetch({
        maxWaitTime: limits.maxWaitMs,
        minBytes: 1,
        maxBytes: limits.maxBytes * Math.max(1, Math.min(4, partitions.length)),
        isolationLevel: 1,
        topics: [{ topic, partitions }],
      })) as { responses: { topicName: string; partitions: PartitionData[] }[] };
      return responses.flatMap((response) =>
        response.partitions.map((data) => toFetched(topic, positions.get(data.partition)!, data)),
      );
    } catch (error) {
      throw await this.truncation(topic, positions, error);
    }
  }

  private async truncation(topic: string, positions: Map<number, number>, error: unknown): Promise<unknown> {
    const cause = rootCause(error) as Error & { partition?: number };
    const outOfRange = error instanceof Error && error.name === 'KafkaJSOffsetOutOfRange' ? error : cause;
    if (outOfRange.name !== 'KafkaJSOffsetOutOfRange') return error;
    const partition = (outOfRange as { partition?: number }).partition!;
    const [bounds] = await this.bounds(topic, [partition]);
    return new LogTruncated(topic, partition, positions.get(partition)!, bounds!);
  }

  /** Lets go of it without waiting for a broker that may be gone. */
  discard(): void {
    this.client.giveUp();
    // A broker that is gone cannot be told goodbye.
    this.cluster.disconnect().catch(() => {});
  }
}

function toFetched(topic: string, position: number, data: PartitionData): Fetched {
  const batch = new Batch(topic, String(position), data);
  const records = batch.messages;
  const end = Math.max(Number(data.lastStableOffset), position);
  const next = batch.rawMessages.length === 0 ? position : Math.max(position, Number(batch.lastOffset()) + 1);
  return {
    partition: data.partition,
    records,
    next: records.length > 0 ? records.at(-1)!.offset + 1 : next,
    end,
  };
}

/** Single questions to the log over one shared connection, repeated until their deadline while the cluster is away. */
export class Questions {
  private connection: Promise<Connection> | null = null;
  private readonly known = new Map<string, number[]>();
  private closed = false;

  constructor(private readonly config: KafkaSettings) {}

  async partitions(topic: string): Promise<number[]> {
    const known = this.known.get(topic);
    if (known !== undefined) return known;
    const partitions = await this.ask((connection) => connection.partitions(topic));
    this.known.set(topic, partitions);
    return partitions;
  }

  async bounds(topic: string, partition: number): Promise<Bounds> {
    await this.check(topic, partition);
    return this.ask(async (connection) => {
      await connection.partitions(topic);
      const [bounds] = await connection.bounds(topic, [partition]);
      return bounds!;
    });
  }

  async readAt(topic: string, partition: number, offset: number): Promise<LogRecord | null> {
    await this.check(topic, partition);
    if (offset < 0) return null;
    return this.ask(async (connection) => {
      await connection.partitions(topic);
      try {
        return await readOne(connection, topic, partition, offset);
      } catch (error) {
        if (error instanceof LogTruncated) return null;
        throw error;
      }
    });
  }

  private async check(topic: string, partition: number): Promise<void> {
    const partitions = await this.partitions(topic);
    if (!partitions.includes(partition)) throw new UnknownTopic(topic, partition);
  }

  private ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
    return whileAway(
      this.config,
      () => this.closed,
      async () => {
        this.connection ??= Connection.open(this.config);
        try {
          return await question(await this.connection);
        } catch (error) {
          if (!(error instanceof LogError)) this.drop();
          throw error;
        }
      },
    );
  }

  private drop(): void {
    const broken = this.connection;
    this.connection = null;
    broken?.then(
      (connection) => connection.discard(),
      () => {},
    );
  }

  close(): void {
    this.closed = true;
    this.drop();
  }
}

async function readOne(
  connection: Connection,
  topic: string,
  partition: number,
  offset: number,
): Promise<LogRecord | null> {
  const [nodeId] = [...connection.leaders(topic, [partition]).keys()];
  if (nodeId === undefined) throw new UnknownTopic(topic, partition);
  const limits = { maxWaitMs: 1, maxBytes: RECORD_FETCH_BYTES };
  const fetched = await connection.fetch(topic, nodeId, new Map([[partition, offset]]), limits);
  return fetched[0]?.records.find((record) => record.offset === offset) ?? null;
}

/** Tries again while the cluster is away, up to a deadline; then says so. Any other error is thrown as it is. */
export async function whileAway<T>(
  config: KafkaSettings,
  ended: () => boolean,
  attempt: () => Promise<T>,
): Promise<T> {
  const deadline = performance.now() + CALL_DEADLINE_MS;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (error instanceof LogError || !isAway(error)) throw error;
      if (ended() || performance.now() > deadline) throw unavailable(config, error);
      await new Promise((resolve) => setTimeout(resolve, CALL_RETRY_MS));
    }
  }
}

function unavailable(config: KafkaSettings, cause: unknown): LogError {
  const why = rootCause(cause).message;
  return new LogError(
    'log-unavailable',
    `Kafka at ${config.brokers.join(', ')} did not answer within ${CALL_DEADLINE_MS} ms: ${why}. Is it running, and reachable from here?`,
    { cause },
  );
}
