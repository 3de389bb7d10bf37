/**
 * The log as Driftline needs it. Two adapters: `kafka/` and `embedded/`; one conformance suite holds both.
 * Deliberately not in the port: transactions, consumer-committed positions as truth (the store's marker is), schemas.
 */

export interface LogRecord {
  topic: string;
  partition: number;
  offset: number;
  /** When the log appended it (Kafka: LogAppendTime). */
  appendTimeMs: number;
  key: Buffer | null;
  /** Null = tombstone. */
  value: Buffer | null;
  headers: Readonly<Record<string, string>>;
}

export interface AppendRecord {
  key: string;
  value: Buffer | null;
  /** Required on topics with more than one partition: the partition is our own function of the key. */
  partition?: number;
  headers?: Record<string, string>;
}

export interface TopicSpec {
  name: string;
  partitions: number;
  compacted: boolean;
  retentionMs: number | null;
}

export interface Bounds {
  /** First offset still there. */
  start: number;
  /** Offset the next record will get. */
  end: number;
}

export interface BatchContext {
  /** Call between chunks of work; throws when the partition was taken away. */
  heartbeat(): Promise<void>;
  /** True once the partition was taken away or the consumer is stopping: do not write any more. */
  stale(): boolean;
  /** End of the partition as of this batch, for lag. */
  end: number;
  /** Continue at this offset instead of after this batch. */
  seek(offset: number): void;
}

/** Work of one consumer. Partitions run side by side; calls for one partition never overlap. */
export interface PartitionHandler {
  /** Returns the offset to start at. Throw `PartitionHalted` to leave it stopped until a person acts. */
  assigned(partition: number): Promise<number>;
  /** Resolve = done with all of it; throw = the same records come again after a back-off. */
  batch(partition: number, records: LogRecord[], context: BatchContext): Promise<void>;
  revoked(partition: number): Promise<void>;
}

export interface ConsumeOptions {
  topic: string;
  /** Consumers of one group share the partitions. */
  group: string;
  handler: PartitionHandler;
  /** Partitions in work at once. */
  concurrency?: number;
  /** Profile of fetch settings. */
  profile?: 'latency' | 'throughput';
  /** Called when it cannot go on by itself (bounded restarts used up); the process should exit non-zero. */
  onFatal: (error: Error) => void;
}

export interface Consumer {
  /** Age in ms of the last successful poll or batch: health tests progress with it. */
  progressAgeMs(): number;
  /** Stop fetching, let running batches end (bounded), leave the group. */
  stop(): Promise<void>;
}

export interface FollowOptions {
  topic: string;
  /** `start` = all that is there; `end` = only what comes. */
  from: 'start' | 'end';
  /** Records of all partitions, in order per partition. Must not throw: an error here is fatal. */
  onRecords(records: LogRecord[]): void | Promise<void>;
  onFatal: (error: Error) => void;
}

export interface Follower {
  /** Resolves once everything that was there at the start has been handed over. */
  caughtUp: Promise<void>;
  /** Next offset per partition. */
  positions(): number[];
  /** Age in ms since the log last answered, records or none. */
  progressAgeMs(): number;
  stop(): Promise<void>;
}

export interface Log {
  /** Identity of the log: another cluster, or a wiped one, has another. */
  id(): Promise<string>;
  ensureTopics(specs: TopicSpec[]): Promise<void>;
  partitions(topic: string): Promise<number>;
  /** Resolves when all are durable (acks=all, or flushed); in order per partition. */
  append(topic: string, records: AppendRecord[]): Promise<{ partition: number; offset: number }[]>;
  bounds(topic: string, partition: number): Promise<Bounds>;
  /** The record at this offset, null if it is gone or not there yet. */
  readAt(topic: string, partition: number, offset: number): Promise<LogRecord | null>;
  consume(options: ConsumeOptions): Promise<Consumer>;
  /** Reads without a group and without committing; every follower sees everything. */
  follow(options: FollowOptions): Promise<Follower>;
  close(): Promise<void>;
}
