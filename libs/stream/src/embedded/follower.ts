/** Reads all partitions of a topic without a group. */
import { LogError, LogTruncated } from '../errors.js';
import type { Follower, FollowOptions, LogRecord } from '../port.js';
import type { Partition, Storage } from './storage.js';
import { waitForRecords } from './wait.js';

const BATCH_RECORDS = 2_000;
const BATCH_BYTES = 1024 * 1024;
/** How often a follower with nothing to do shows that it is alive, and notices that it was stopped. */
const IDLE_MS = 1_000;

export class EmbeddedFollower implements Follower {
  readonly caughtUp: Promise<void>;
  private readonly next: number[];
  private readonly target: number[];
  private resolveCaughtUp: () => void = () => {};
  private rejectCaughtUp: (error: Error) => void = () => {};
  private progressAt = performance.now();
  private stopping = false;
  private readonly running: Promise<void>;

  constructor(
    private readonly storage: Storage,
    private readonly partitions: Partition[],
    private readonly options: FollowOptions,
  ) {
    this.target = partitions.map((partition) => partition.end);
    this.next = partitions.map((partition) => (options.from === 'start' ? partition.start : partition.end));
    this.caughtUp = new Promise((resolve, reject) => {
      this.resolveCaughtUp = resolve;
      this.rejectCaughtUp = reject;
    });
    // Who does not wait for it must not die of it.
    this.caughtUp.catch(() => {});
    this.running = this.run();
  }

  positions(): number[] {
    return [...this.next];
  }

  progressAgeMs(): number {
    return performance.now() - this.progressAt;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    for (const partition of this.partitions) for (const wake of partition.waiters) wake();
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      while (!this.stopping) {
        await this.round();
        this.progressAt = performance.now();
        if (this.next.every((offset, index) => offset >= this.target[index]!)) this.resolveCaughtUp();
        await waitForRecords(this.partitions, () => this.stopping || this.behind(), IDLE_MS);
      }
      this.rejectCaughtUp(
        new LogError('follower-stopped', `The follower of ${this.options.topic} was stopped.`),
      );
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      this.rejectCaughtUp(error);
      this.options.onFatal(error);
    }
  }

  private behind(): boolean {
    return this.partitions.some((partition, index) => this.next[index]! < partition.end);
  }

  private async round(): Promise<void> {
    for (const [index, partition] of this.partitions.entries()) {
      const offset = this.next[index]!;
      if (this.stopping || offset >= partition.end) continue;
      if (offset < partition.start)
        throw new LogTruncated(partition.topic, partition.partition, offset, partition);
      const end = partition.end;
      const records = this.storage.read(partition, offset, BATCH_RECORDS, BATCH_BYTES);
      if (records.length > 0) await this.hand(records);
      this.next[index] = records.length === 0 ? end : records.at(-1)!.offset + 1;
    }
  }

  private async hand(records: LogRecord[]): Promise<void> {
    await this.options.onRecords(records);
  }
}
