/**
 * The log as Driftline needs it. Two adapters: `kafka/` and `embedded/`; one conformance suite holds both.
 * Deliberately not in the port: transactions, consumer-committed positions as truth (the store's marker is), schemas.
 */

/** `key` and `value` may be views into what was read at once: copy them to keep them for long. */
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
  /** Wall time at which `end` was certainly so: that of the fetch, however long the batch has waited since. */
  fetchedAtMs: number;
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
  /** Partitions in work at once; default 4. */
  concurrency?: number;
  /** Records handed over at once, at most; default 2,000. */
  batchRecords?: number;
  /** Profile of fetch settings; default `latency`. */
  profile?: 'latency' | 'throughput';
  /** Kafka: silence after which the group takes a dead consumer's partitions away; default 6 s. */
  sessionTimeoutMs?: number;
  /** Called when a partition was left stopped until a person acts; the others go on. */
  onHalted?: (partition: number, error: Error) => void;
  /** Called when it cannot go on by itself (bounded restarts used up); the process should exit non-zero. */
  onFatal: (error: Error) => void;
}

/** What one consumer does with one of its partitions. */
export interface PartitionStatus {
  partition: number;
  /** Next offset to be worked on; null until `assigned` has answered. */
  position: number | null;
  /** `waiting` = the handler failed and the same records come again after a back-off. */
  state: 'opening' | 'ready' | 'busy' | 'waiting' | 'halted';
}

export interface Consumer {
  /** The partitions it holds now. */
  partitions(): PartitionStatus[];
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
  /** Resolves once everything that was there at the start has been handed over; rejects when it ends before that. */
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
  /**
   * Positions of a group, one per partition, null where it has none: written on a timer for people to see, never read
   * back as truth.
   */
  groupPositions(group: string, topic: string): Promise<(number | null)[]>;
  /** Reads without a group and without committing; every follower sees everything. */
  follow(options: FollowOptions): Promise<Follower>;
  close(): Promise<void>;
}

/** What happens behind the port, for metrics and log lines. All optional; they must not throw. */
export interface LogEvents {
  /** The handler threw; the same records come again after `retryMs`. */
  handlerFailed?(topic: string, partition: number, error: Error, retryMs: number): void;
  /** A partition was left stopped until a person acts. */
  halted?(topic: string, partition: number, error: Error): void;
  /** The group shares its partitions anew; these are ours now. */
  rebalanced?(topic: string, partitions: number[]): void;
  /** The consumer behind a group ended by itself; it is started again unless `fatal`. */
  crashed?(topic: string, error: Error, fatal: boolean): void;
  /** A crashed consumer was started again. */
  restarted?(topic: string): void;
  /** Records became durable; `ms` from the call of `append`. */
  appended?(topic: string, records: number, ms: number): void;
  appendFailed?(topic: string, records: number, error: Error): void;
  /** A follower lost the log and tries again. */
  followFailed?(topic: string, error: Error): void;
  /** Maintenance of the embedded log removed records. */
  removed?(topic: string, partition: number, records: number, why: 'retention' | 'compaction'): void;
  /** Something that a person should put right, and that does not stop the work. */
  warning?(message: string): void;
}
