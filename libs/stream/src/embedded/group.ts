/** Consumers of one group in this process share the partitions of a topic: partition p belongs to member p mod members. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Lane, type LaneHooks } from '../lane.js';
import type { Consumer, ConsumeOptions, LogEvents } from '../port.js';
import { waitForRecords } from './wait.js';
import type { Partition, Storage } from './storage.js';

const CONCURRENCY = 4;
const BATCH_RECORDS = 2_000;
/** Bytes handed over at once: like a Kafka fetch of one partition. */
const BATCH_BYTES = 1024 * 1024;
/** How often a consumer with nothing to do shows that it is alive. */
const IDLE_MS = 1_000;
/** How long `stop` waits for running batches. */
const STOP_MS = 10_000;

export class Group {
  readonly members: Member[] = [];
  private readonly owners = new Map<number, Member>();
  private readonly moves = new Map<number, Promise<void>>();

  constructor(
    readonly name: string,
    readonly partitions: Partition[],
    readonly storage: Storage,
    readonly events: LogEvents,
  ) {}

  join(options: ConsumeOptions): Member {
    const member = new Member(this, options);
    this.members.push(member);
    this.share();
    return member;
  }

  leave(member: Member): Promise<unknown> {
    const index = this.members.indexOf(member);
    if (index >= 0) this.members.splice(index, 1);
    const moves = this.share();
    return Promise.all(moves);
  }

  /** Gives each partition to the member whose turn it is; who keeps one does not notice. */
  private share(): Promise<void>[] {
    const moves = this.partitions.map(({ partition }) => {
      const next = this.members[partition % Math.max(1, this.members.length)];
      const owner = this.owners.get(partition);
      if (owner === next) return Promise.resolve();
      if (next === undefined) this.owners.delete(partition);
      else this.owners.set(partition, next);
      owner?.abandon(partition);
      const before = this.moves.get(partition) ?? Promise.resolve();
      const move = before.then(() => owner?.give(partition));
      this.moves.set(
        partition,
        move.then(() => {
          if (next !== undefined && this.owners.get(partition) === next) next.take(partition);
        }),
      );
      return move.then(() => undefined);
    });
    for (const member of this.members) {
      const mine = [...this.owners].filter(([, owner]) => owner === member).map(([partition]) => partition);
      this.events.rebalanced?.(this.partitions[0]!.topic, mine);
    }
    return moves;
  }
}

/** One consumer. */
export class Member implements Consumer {
  private readonly lanes = new Map<number, Lane>();
  private readonly slots: Slots;
  private progressAt = performance.now();
  private stopped: Promise<void> | null = null;

  constructor(
    private readonly group: Group,
    private readonly options: ConsumeOptions,
  ) {
    this.slots = new Slots(options.concurrency ?? CONCURRENCY);
  }

  partitions() {
    return [...this.lanes.values()].map((lane) => lane.status());
  }

  progressAgeMs(): number {
    return performance.now() - this.progressAt;
  }

  stop(): Promise<void> {
    this.stopped ??= Promise.race([
      this.group.leave(this).then(() => undefined),
      sleep(STOP_MS, undefined, { ref: false }),
    ]);
    return this.stopped;
  }

  /** Where its lanes are, for the timer that writes positions down. */
  savePositions(): void {
    for (const lane of this.lanes.values()) {
      if (lane.position >= 0)
        this.group.storage.savePosition(this.group.name, lane.topic, lane.partition, lane.position);
    }
  }

  take(partition: number): void {
    const source = this.group.partitions[partition]!;
    const hooks: LaneHooks = {
      bounds: async () => ({ start: source.start, end: source.end }),
      heartbeat: async () => {},
      onProgress: () => this.progress(),
      onHalted: this.options.onHalted,
      events: this.group.events,
    };
    const lane = new Lane(source.topic, partition, this.options.handler, hooks);
    this.lanes.set(partition, lane);
    this.work(lane, source).catch((cause: unknown) => {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      this.group.events.crashed?.(source.topic, error, true);
      this.options.onFatal(error);
    });
  }

  abandon(partition: number): void {
    this.lanes.get(partition)?.abandon();
    for (const wake of this.group.partitions[partition]!.waiters) wake();
  }

  async give(partition: number): Promise<void> {
    const lane = this.lanes.get(partition);
    await lane?.close();
    if (lane !== undefined && lane.position >= 0)
      this.group.storage.savePosition(this.group.name, lane.topic, partition, lane.position);
    this.lanes.delete(partition);
  }

  private async work(lane: Lane, source: Partition): Promise<void> {
    let open = await lane.open();
    while (open && !lane.stale()) {
      if (lane.position < source.start) open = await lane.reopen();
      else if (lane.position >= source.end) await this.idle(lane, source);
      else open = await this.step(lane, source);
    }
  }

  private async idle(lane: Lane, source: Partition): Promise<void> {
    this.progress();
    await waitForRecords([source], () => lane.position < source.end || lane.stale(), IDLE_MS);
  }

  /** Reads and hands over one batch. */
  private async step(lane: Lane, source: Partition): Promise<boolean> {
    await this.slots.take();
    let retryMs = 0;
    try {
      const limit = this.options.batchRecords ?? BATCH_RECORDS;
      const fetchedAtMs = Date.now();
      const records = this.group.storage.read(source, lane.position, limit, BATCH_BYTES);
      const next = records.length === 0 ? source.end : records.at(-1)!.offset + 1;
      // Nothing left of this stretch after compaction: go on behind it.
      if (records.length === 0) {
        lane.position = next;
        return true;
      }
      const outcome = await lane.deliver(records, next, { end: source.end, fetchedAtMs });
      if (outcome.kind === 'stopped') return false;
      retryMs = outcome.kind === 'retry' ? outcome.afterMs : 0;
    } finally {
      this.slots.give();
    }
    await lane.pause(retryMs);
    return true;
  }

  private progress(): void {
    this.progressAt = performance.now();
  }
}

/** At most so many batches in work at once. */
class Slots {
  private readonly waiting: (() => void)[] = [];

  constructor(private free: number) {}

  async take(): Promise<void> {
    if (this.free > 0) this.free -= 1;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  give(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free += 1;
    else next();
  }
}
