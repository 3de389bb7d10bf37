/**
 * The embedded log on disk: one LMDB file with records by (partition id, offset), the segments they fall into, topics
 * and group positions. Knows nothing of consumers. One writer, group commit, everything visible is durable.
 */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { open, type Database, type RootDatabase } from 'lmdb';
import { AppendFailed, LogError, UnknownTopic } from '../errors.js';
import type { AppendRecord, LogRecord, TopicSpec } from '../port.js';
import { decodeRecord, encodeRecord, offsetOfKey, recordKey } from './records.js';

const FORMAT = 1;
/** A segment is closed at this size: retention removes whole segments, so this bounds what one removal does. */
const SEGMENT_RECORDS = 100_000;
/** A topic's retention is cut into this many segments: records live at most an eighth longer than asked. */
const SEGMENTS_PER_RETENTION = 8;
const SEGMENT_MAX_MS = 24 * 3_600_000;
/** The Kafka adapter takes as much: what works here works there. */
export const RECORD_MAX_BYTES = 900_000;
const HEADERS_MAX = 64;

export interface Segment {
  base: number;
  firstTimeMs: number;
}

export interface Partition {
  id: number;
  topic: string;
  partition: number;
  compacted: boolean;
  retentionMs: number | null;
  start: number;
  end: number;
  lastTimeMs: number;
  segments: Segment[];
  /** Records since the last compaction. */
  dirty: number;
  /** Called when records became readable. */
  waiters: Set<() => void>;
}

interface TopicRow extends TopicSpec {
  firstId: number;
}

/** Records of one `append` call with the partitions they go to. */
export interface PendingAppend {
  partitions: Partition[];
  records: AppendRecord[];
  bytes: number;
}

export class Storage {
  private readonly topics = new Map<string, Partition[]>();
  private last: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly env: RootDatabase,
    private readonly meta: Database<unknown, string>,
    readonly records: Database<Buffer, Buffer>,
    private readonly segmentRows: Database<{ firstTimeMs: number }, Buffer>,
    private readonly positionRows: Database<number, string>,
    readonly now: () => number,
  ) {}

  static open(dir: string, now: () => number): Storage {
    const env = open({ path: join(dir, 'log.mdb'), maxDbs: 8 });
    const storage = new Storage(
      env,
      env.openDB({ name: 'meta', encoding: 'json' }),
      env.openDB({ name: 'records', encoding: 'binary', keyEncoding: 'binary' }),
      env.openDB({ name: 'segments', encoding: 'json', keyEncoding: 'binary' }),
      env.openDB({ name: 'positions', encoding: 'json' }),
      now,
    );
    storage.checkFormat(dir);
    for (const { key, value } of storage.meta.getRange({ start: 'topic:', end: 'topic;' }))
      storage.loadTopic(key.slice('topic:'.length), value as TopicRow);
    return storage;
  }

  private checkFormat(dir: string): void {
    const format = this.meta.get('format');
    if (format === undefined) {
      this.env.transactionSync(() => {
        this.meta.putSync('format', FORMAT);
        this.meta.putSync('id', randomUUID());
        this.meta.putSync('nextId', 1);
      });
    } else if (format !== FORMAT)
      throw new LogError(
        'log-format',
        `${dir} holds a log of format ${format}, this version reads ${FORMAT}.`,
      );
  }

  id(): string {
    return this.meta.get('id') as string;
  }

  /** Creates the topic, or takes over a changed retention; the number of partitions never changes. */
  ensureTopic(spec: TopicSpec): 'ok' | { partitions: number } {
    const there = this.meta.get(`topic:${spec.name}`) as TopicRow | undefined;
    if (there !== undefined && there.partitions !== spec.partitions) return { partitions: there.partitions };
    const row = this.env.transactionSync(() => {
      const firstId = there?.firstId ?? (this.meta.get('nextId') as number);
      if (there === undefined) this.meta.putSync('nextId', firstId + spec.partitions);
      const next: TopicRow = { ...spec, firstId };
      this.meta.putSync(`topic:${spec.name}`, next);
      return next;
    });
    if (there === undefined) this.loadTopic(spec.name, row);
    for (const partition of this.topics.get(spec.name) ?? [])
      Object.assign(partition, { compacted: spec.compacted, retentionMs: spec.retentionMs });
    return 'ok';
  }

  private loadTopic(topic: string, row: TopicRow): void {
    const partitions = Array.from({ length: row.partitions }, (_, index) =>
      this.loadPartition(topic, index, row),
    );
    this.topics.set(topic, partitions);
  }

  private loadPartition(topic: string, partition: number, row: TopicRow): Partition {
    const id = row.firstId + partition;
    const segments = [
      ...this.segmentRows.getRange({ start: recordKey(id, 0), end: recordKey(id + 1, 0) }),
    ].map(({ key, value }) => ({ base: offsetOfKey(key), firstTimeMs: value.firstTimeMs }));
    const [last] = [
      ...this.records.getRange({
        // From its own last possible key to its first: LMDB includes where a range starts and excludes where it ends.
        start: recordKey(id, Number.MAX_SAFE_INTEGER),
        end: recordKey(id - 1, Number.MAX_SAFE_INTEGER),
        reverse: true,
        limit: 1,
      }),
    ];
    const lastRecord =
      last === undefined ? null : decodeRecord(topic, partition, offsetOfKey(last.key), last.value);
    const start = segments[0]?.base ?? 0;
    return {
      id,
      topic,
      partition,
      compacted: row.compacted,
      retentionMs: row.retentionMs,
      start,
      end: Math.max(segments.at(-1)?.base ?? 0, lastRecord === null ? 0 : lastRecord.offset + 1),
      lastTimeMs: Math.max(lastRecord?.appendTimeMs ?? 0, segments.at(-1)?.firstTimeMs ?? 0),
      segments,
      dirty: row.compacted ? Infinity : 0,
      waiters: new Set(),
    };
  }

  all(): Partition[] {
    return [...this.topics.values()].flat();
  }

  partitions(topic: string): Partition[] {
    const found = this.topics.get(topic);
    if (found === undefined) throw new UnknownTopic(topic);
    return found;
  }

  partition(topic: string, partition: number): Partition {
    const found = this.partitions(topic)[partition];
    if (found === undefined) throw new UnknownTopic(topic, partition);
    return found;
  }

  /** Checks an append and finds its partitions; nothing is written yet. */
  prepare(topic: string, records: AppendRecord[]): PendingAppend {
    const all = this.partitions(topic);
    let bytes = 0;
    const partitions = records.map((record) => {
      const size = (record.value?.length ?? 0) + record.key.length;
      if (size > RECORD_MAX_BYTES || Object.keys(record.headers ?? {}).length > HEADERS_MAX)
        throw new AppendFailed(
          'append-refused',
          'not-appended',
          `A record for ${topic} has ${size} bytes; the log takes up to ${RECORD_MAX_BYTES} and ${HEADERS_MAX} headers.`,
        );
      bytes += size;
      return this.target(topic, all, record);
    });
    return { partitions, records, bytes };
  }

  private target(topic: string, all: Partition[], record: AppendRecord): Partition {
    if (record.partition === undefined && all.length > 1)
      throw new LogError(
        'partition-required',
        `${topic} has ${all.length} partitions: say which one the record goes to.`,
      );
    return this.partition(topic, record.partition ?? 0);
  }

  /** Writes all of it in one transaction; resolves with the offsets once it is flushed. */
  commit(appends: PendingAppend[]): Promise<{ partition: number; offset: number }[][]> {
    return this.oneByOne(() => this.write(appends));
  }

  /** Whatever moves the end of a partition happens one after the other. */
  private oneByOne<T>(write: () => Promise<T>): Promise<T> {
    const done = this.last.then(write);
    // Its caller gets the error; the next one starts from what is durable.
    this.last = done.catch(() => {});
    return done;
  }

  private async write(appends: PendingAppend[]): Promise<{ partition: number; offset: number }[][]> {
    const writes = new PartitionWrites(this.now);
    await this.env.batch(() => {
      for (const append of appends)
        append.records.forEach((record, index) => this.put(writes, append.partitions[index]!, record));
    });
    await this.env.flushed;
    for (const [partition, write] of writes.byPartition) {
      partition.end = write.end;
      partition.lastTimeMs = write.timeMs;
      partition.dirty += write.count;
      partition.segments.push(...write.segments);
      for (const wake of partition.waiters) wake();
    }
    return regroup(appends, writes.placed);
  }

  private put(writes: PartitionWrites, partition: Partition, record: AppendRecord): void {
    const write = writes.of(partition);
    const offset = write.end;
    const active = write.segments.at(-1) ?? partition.segments.at(-1);
    if (active === undefined || isFull(active, partition, offset, write.timeMs)) {
      const segment = { base: offset, firstTimeMs: write.timeMs };
      write.segments.push(segment);
      void this.segmentRows.put(recordKey(partition.id, offset), { firstTimeMs: segment.firstTimeMs });
    }
    const stored = encodeRecord({
      appendTimeMs: write.timeMs,
      key: Buffer.from(record.key),
      value: record.value,
      headers: Object.entries(record.headers ?? {}).map(([name, text]) => [
        Buffer.from(name),
        Buffer.from(text),
      ]),
    });
    void this.records.put(recordKey(partition.id, offset), stored);
    write.end += 1;
    write.count += 1;
    writes.placed.push({ partition: partition.partition, offset });
  }

  /** Records from `offset` on, up to both limits; empty at the end. */
  read(partition: Partition, offset: number, limit: number, maxBytes: number): LogRecord[] {
    const out: LogRecord[] = [];
    if (offset >= partition.end) return out;
    let bytes = 0;
    const range = {
      start: recordKey(partition.id, offset),
      end: recordKey(partition.id, partition.end),
      limit,
    };
    for (const { key, value } of this.records.getRange(range)) {
      out.push(decodeRecord(partition.topic, partition.partition, offsetOfKey(key), value));
      bytes += value.length;
      if (bytes >= maxBytes) break;
    }
    return out;
  }

  readAt(partition: Partition, offset: number): LogRecord | null {
    if (offset < partition.start || offset >= partition.end) return null;
    const stored = this.records.get(recordKey(partition.id, offset));
    return stored === undefined ? null : decodeRecord(partition.topic, partition.partition, offset, stored);
  }

  /** Starts a new, empty segment at the end, so that the ones before it can be dropped. */
  roll(partition: Partition): Promise<void> {
    return this.oneByOne(async () => {
      if (partition.segments.at(-1)?.base === partition.end) return;
      const segment = { base: partition.end, firstTimeMs: Math.max(this.now(), partition.lastTimeMs) };
      await this.segmentRows.put(recordKey(partition.id, segment.base), { firstTimeMs: segment.firstTimeMs });
      partition.segments.push(segment);
    });
  }

  /** Takes the oldest segment off the log; its records are removed by `removeBefore`. */
  async dropFirstSegment(partition: Partition): Promise<void> {
    const [first, second] = partition.segments;
    if (first === undefined || second === undefined) return;
    await this.segmentRows.remove(recordKey(partition.id, first.base));
    await this.env.flushed;
    partition.segments.shift();
    partition.start = second.base;
  }

  savePosition(group: string, topic: string, partition: number, offset: number): void {
    void this.positionRows.put(`${group}\n${topic}\n${partition}`, offset);
  }

  position(group: string, topic: string, partition: number): number | null {
    return this.positionRows.get(`${group}\n${topic}\n${partition}`) ?? null;
  }

  async close(): Promise<void> {
    await this.env.flushed;
    await this.env.close();
  }
}

interface PartitionWrite {
  end: number;
  timeMs: number;
  count: number;
  segments: Segment[];
}

/** What a commit is about to change; taken over only once it is durable. */
class PartitionWrites {
  readonly byPartition = new Map<Partition, PartitionWrite>();
  readonly placed: { partition: number; offset: number }[] = [];

  constructor(private readonly now: () => number) {}

  of(partition: Partition): PartitionWrite {
    let write = this.byPartition.get(partition);
    if (write === undefined) {
      // Append times never go back, whatever the clock does.
      write = {
        end: partition.end,
        timeMs: Math.max(this.now(), partition.lastTimeMs),
        count: 0,
        segments: [],
      };
      this.byPartition.set(partition, write);
    }
    return write;
  }
}

function isFull(active: Segment, partition: Partition, end: number, nowMs: number): boolean {
  const spanMs = Math.min(SEGMENT_MAX_MS, (partition.retentionMs ?? Infinity) / SEGMENTS_PER_RETENTION);
  return end - active.base >= SEGMENT_RECORDS || nowMs - active.firstTimeMs >= spanMs;
}

function regroup<T>(appends: PendingAppend[], placed: T[]): T[][] {
  let at = 0;
  return appends.map((append) => {
    const mine = placed.slice(at, at + append.records.length);
    at += append.records.length;
    return mine;
  });
}
