import { TopicMisconfigured } from '../errors.js';
import { lockDataDir, type DataDirLock } from '../lock.js';
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
import { Appender } from './appender.js';
import { EmbeddedFollower } from './follower.js';
import { Group } from './group.js';
import { compact, expire, removeBefore } from './maintenance.js';
import { Storage } from './storage.js';

/** How often retention and compaction are looked at, and positions written down. */
const MAINTAIN_MS = 30_000;
const POSITIONS_MS = 1_000;
/** A compacted topic is compacted after this many new records per partition. */
const COMPACT_AFTER_RECORDS = 1_000;

export interface EmbeddedLogOptions {
  /** Created when missing; held by this process until `close`. */
  dir: string;
  events?: LogEvents;
  /** The clock of append times and retention. Tests set it. */
  now?: () => number;
}

/** The log in one process on LMDB. `maintain` is what its timer does. */
export interface EmbeddedLog extends Log {
  /** Applies retention and compaction now; `force` compacts whatever the number of new records. */
  maintain(options?: { force?: boolean }): Promise<void>;
}

/** Opens the log under `dir`; throws `DataDirLocked` when another process holds it. One per process and directory. */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EmbeddedLog> {
  const lock = lockDataDir(options.dir);
  try {
    lock.claim('log');
    const storage = Storage.open(options.dir, options.now ?? Date.now);
    for (const partition of storage.all()) await removeBefore(storage, partition);
    return new LmdbLog(storage, lock, options.events ?? {});
  } catch (error) {
    await lock.release();
    throw error;
  }
}

class LmdbLog implements EmbeddedLog {
  private readonly appender: Appender;
  private readonly groups = new Map<string, Group>();
  private readonly open = new OpenSet();
  private readonly timers: NodeJS.Timeout[];
  private maintaining: Promise<void> = Promise.resolve();
  private closing: Promise<void> | null = null;

  constructor(
    private readonly storage: Storage,
    private readonly lock: DataDirLock,
    private readonly events: LogEvents,
  ) {
    this.appender = new Appender(storage, events);
    this.timers = [
      setInterval(() => this.maintainOnTimer(), MAINTAIN_MS),
      setInterval(() => this.savePositions(), POSITIONS_MS),
    ];
    for (const timer of this.timers) timer.unref();
  }

  async id(): Promise<string> {
    return this.storage.id();
  }

  async ensureTopics(specs: TopicSpec[]): Promise<void> {
    for (const spec of specs) {
      const there = this.storage.ensureTopic(spec);
      if (there !== 'ok')
        throw new TopicMisconfigured(
          spec.name,
          `it has ${there.partitions} partitions, ${spec.partitions} were asked for, and that never changes. ` +
            `Configure ${there.partitions}, or start with an empty data directory.`,
        );
    }
  }

  async partitions(topic: string): Promise<number> {
    return this.storage.partitions(topic).length;
  }

  async append(topic: string, records: AppendRecord[]): Promise<{ partition: number; offset: number }[]> {
    return this.appender.append(topic, this.storage.prepare(topic, records));
  }

  async bounds(topic: string, partition: number): Promise<Bounds> {
    const { start, end } = this.storage.partition(topic, partition);
    return { start, end };
  }

  async readAt(topic: string, partition: number, offset: number): Promise<LogRecord | null> {
    return this.storage.readAt(this.storage.partition(topic, partition), offset);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    const key = `${options.group}\n${options.topic}`;
    const partitions = this.storage.partitions(options.topic);
    const group = this.groups.get(key) ?? new Group(options.group, partitions, this.storage, this.events);
    this.groups.set(key, group);
    const member = group.join(options);
    return this.open.track(member);
  }

  async groupPositions(group: string, topic: string): Promise<(number | null)[]> {
    this.savePositions();
    await this.storage.env.committed;
    return this.storage
      .partitions(topic)
      .map(({ partition }) => this.storage.position(group, topic, partition));
  }

  async follow(options: FollowOptions): Promise<Follower> {
    const follower = new EmbeddedFollower(this.storage, this.storage.partitions(options.topic), options);
    return this.open.track(follower);
  }

  maintain(options: { force?: boolean } = {}): Promise<void> {
    const run = this.maintaining.then(() => this.maintainAll(options.force ?? false));
    // Whoever asked for this run gets its error; the next run tries again.
    this.maintaining = run.catch(() => {});
    return run;
  }

  private async maintainAll(force: boolean): Promise<void> {
    for (const partition of this.storage.all()) {
      await expire(this.storage, partition, this.events);
      if (partition.compacted && (force || partition.dirty >= COMPACT_AFTER_RECORDS))
        await compact(this.storage, partition, this.events);
    }
  }

  private maintainOnTimer(): void {
    this.maintain().catch((cause: unknown) => {
      this.events.warning?.(
        `Retention and compaction failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
    });
  }

  private savePositions(): void {
    for (const group of this.groups.values()) for (const member of group.members) member.savePositions();
  }

  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    for (const timer of this.timers) clearInterval(timer);
    await this.open.stopAll();
    await this.appender.close();
    await this.maintaining;
    await this.storage.close();
    await this.lock.release();
  }
}
