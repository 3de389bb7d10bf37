/**
 * One partition in one consumer's hands: the order of calls to its handler, the same for every adapter.
 * `assigned` → `batch`* → `revoked`, never two at once, never a batch at a position nobody gave.
 */
import { LogTruncated, PartitionHalted, PartitionLost } from './errors.js';
import type {
  BatchContext,
  Bounds,
  LogEvents,
  LogRecord,
  PartitionHandler,
  PartitionStatus,
} from './port.js';

/** First wait after a failing handler; doubled each time: a short fault costs little, a long one does not spin. */
const RETRY_MIN_MS = 100;
/** Longest wait: what is back is noticed within this time. */
const RETRY_MAX_MS = 3_000;

export interface LaneHooks {
  bounds(): Promise<Bounds>;
  /** Keeps the membership of the group; throws when it is lost. */
  heartbeat(): Promise<void>;
  onProgress(): void;
  onHalted?: ((partition: number, error: Error) => void) | undefined;
  events: LogEvents;
}

/** `retry` = read again at `lane.position`, after `afterMs`; `stopped` = no more until the lane is opened again. */
export type Outcome = { kind: 'done' } | { kind: 'retry'; afterMs: number } | { kind: 'stopped' };

/** Where the partition ended when the records were fetched. */
export type FetchedAt = Pick<BatchContext, 'end' | 'fetchedAtMs'>;

const STOPPED: Outcome = { kind: 'stopped' };

export class Lane {
  /** Next offset to work on. Meaningful once `open` has answered true. */
  position = -1;
  private state: PartitionStatus['state'] = 'opening';
  private lost = false;
  private asked = false;
  private failures = 0;
  private work: Promise<unknown> = Promise.resolve();
  private closing: Promise<void> | null = null;
  private wake: () => void = () => {};

  constructor(
    readonly topic: string,
    readonly partition: number,
    private readonly handler: PartitionHandler,
    private readonly hooks: LaneHooks,
  ) {}

  status(): PartitionStatus {
    const { partition, position, state } = this;
    return { partition, position: position < 0 ? null : position, state };
  }

  /** True once it was taken away: nothing more may be written for it. */
  stale(): boolean {
    return this.lost;
  }

  /** Marks it as taken away without waiting for a running batch. */
  abandon(): void {
    this.lost = true;
    this.wake();
  }

  /** Asks the handler where to start, as often as needed. False = halted or taken away meanwhile. */
  async open(): Promise<boolean> {
    while (!this.lost) {
      const opened = this.track(this.askPosition());
      const outcome = await opened;
      if (outcome.kind === 'done') return true;
      if (outcome.kind === 'stopped') return false;
      await this.pause(outcome.afterMs);
    }
    return false;
  }

  private async askPosition(): Promise<Outcome> {
    this.state = 'opening';
    this.asked = true;
    try {
      await this.moveTo(await this.handler.assigned(this.partition));
    } catch (error) {
      return this.failed(error);
    }
    if (this.lost) return STOPPED;
    this.failures = 0;
    this.state = 'ready';
    return { kind: 'done' };
  }

  /** Never a silent jump: a position the log does not hold stops the lane. */
  private async moveTo(offset: number): Promise<void> {
    const bounds = await this.hooks.bounds();
    if (!Number.isSafeInteger(offset) || offset < bounds.start || offset > bounds.end)
      throw new LogTruncated(this.topic, this.partition, offset, bounds);
    this.position = offset;
  }

  /** Hands records over; `next` is the offset after them, `fetched` what is known of the fetch. */
  deliver(records: LogRecord[], next: number, fetched: FetchedAt): Promise<Outcome> {
    if (this.lost || this.state !== 'ready') return Promise.resolve(STOPPED);
    return this.track(this.run(records, next, fetched));
  }

  private async run(records: LogRecord[], next: number, fetched: FetchedAt): Promise<Outcome> {
    this.state = 'busy';
    let target: number | null = null;
    const context = {
      ...fetched,
      stale: () => this.lost,
      seek: (offset: number) => {
        target = offset;
      },
      heartbeat: () => this.heartbeat(),
    };
    try {
      await this.handler.batch(this.partition, records, context);
      if (this.lost) return STOPPED;
      if (target === null) this.position = next;
      else await this.moveTo(target);
    } catch (error) {
      return this.failed(error);
    }
    this.failures = 0;
    this.state = 'ready';
    this.hooks.onProgress();
    return target === null ? { kind: 'done' } : { kind: 'retry', afterMs: 0 };
  }

  private async heartbeat(): Promise<void> {
    if (this.lost) throw new PartitionLost(this.topic, this.partition);
    this.hooks.onProgress();
    await this.hooks.heartbeat();
    if (this.lost) throw new PartitionLost(this.topic, this.partition);
  }

  private failed(thrown: unknown): Outcome {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (this.lost) return STOPPED;
    if (error instanceof PartitionHalted || error instanceof LogTruncated) {
      this.state = 'halted';
      this.hooks.events.halted?.(this.topic, this.partition, error);
      this.hooks.onHalted?.(this.partition, error);
      return STOPPED;
    }
    const afterMs = Math.min(RETRY_MIN_MS * 2 ** this.failures, RETRY_MAX_MS);
    this.failures += 1;
    this.state = 'waiting';
    this.hooks.events.handlerFailed?.(this.topic, this.partition, error, afterMs);
    return { kind: 'retry', afterMs };
  }

  /** Waits out a back-off, or until the lane is taken away; then it may be used again. */
  async pause(ms: number): Promise<void> {
    if (ms > 0 && !this.lost) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    if (this.state === 'waiting') this.state = 'ready';
  }

  /** Its place on the log was removed while it was behind: the handler is asked anew. Same answer as `open`. */
  async reopen(): Promise<boolean> {
    await this.work;
    if (this.lost || this.state === 'halted') return false;
    this.state = 'opening';
    await this.track(this.tellRevoked());
    return this.open();
  }

  /** Taken away: waits for what runs, then tells the handler, once. */
  close(): Promise<void> {
    this.abandon();
    this.closing ??= this.work.then(() => this.tellRevoked());
    return this.closing;
  }

  private async tellRevoked(): Promise<void> {
    if (!this.asked) return;
    this.asked = false;
    try {
      await this.handler.revoked(this.partition);
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.hooks.events.handlerFailed?.(this.topic, this.partition, error, 0);
    }
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.work = work.then(
      () => undefined,
      () => undefined,
    );
    return work;
  }
}
