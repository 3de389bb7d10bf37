/** Group commit: everything that waits goes into one transaction, one after the other. */
import { AppendFailed } from '../errors.js';
import type { LogEvents } from '../port.js';
import type { PendingAppend, Storage } from './storage.js';

/** One commit at most: it is as long as a reader may have to wait for the next record. */
const COMMIT_RECORDS_MAX = 10_000;
/** What may wait while the disk is slow; beyond it appends are refused, so that memory stays bounded. */
const QUEUE_BYTES_MAX = 64 * 1024 * 1024;

interface Waiting {
  append: PendingAppend;
  topic: string;
  sinceMs: number;
  resolve(placed: { partition: number; offset: number }[]): void;
  reject(error: Error): void;
}

export class Appender {
  private queue: Waiting[] = [];
  private queuedBytes = 0;
  private writing: Promise<void> | null = null;
  private closed = false;

  constructor(
    private readonly storage: Storage,
    private readonly events: LogEvents,
  ) {}

  append(topic: string, append: PendingAppend): Promise<{ partition: number; offset: number }[]> {
    if (this.closed) return Promise.reject(closedError(topic));
    if (append.records.length === 0) return Promise.resolve([]);
    if (this.queuedBytes + append.bytes > QUEUE_BYTES_MAX)
      return Promise.reject(
        new AppendFailed(
          'append-queue-full',
          'not-appended',
          `${QUEUE_BYTES_MAX} bytes wait to be written already: the disk is too slow for this load. Try again later.`,
        ),
      );
    return new Promise((resolve, reject) => {
      this.queue.push({ append, topic, sinceMs: performance.now(), resolve, reject });
      this.queuedBytes += append.bytes;
      this.writing ??= this.writeAll();
    });
  }

  private async writeAll(): Promise<void> {
    // One turn later, so that what is appended in the same turn shares the commit.
    await Promise.resolve();
    while (this.queue.length > 0) {
      const group = this.takeGroup();
      try {
        const placed = await this.storage.commit(group.map((waiting) => waiting.append));
        group.forEach((waiting, index) => this.done(waiting, placed[index]!));
      } catch (cause) {
        this.failed(group, cause);
      }
    }
    this.writing = null;
  }

  private takeGroup(): Waiting[] {
    let records = 0;
    let count = 0;
    while (count < this.queue.length && (count === 0 || records < COMMIT_RECORDS_MAX)) {
      records += this.queue[count]!.append.records.length;
      this.queuedBytes -= this.queue[count]!.append.bytes;
      count += 1;
    }
    return this.queue.splice(0, count);
  }

  private done(waiting: Waiting, placed: { partition: number; offset: number }[]): void {
    this.events.appended?.(waiting.topic, placed.length, performance.now() - waiting.sinceMs);
    waiting.resolve(placed);
  }

  private failed(group: Waiting[], cause: unknown): void {
    const why = cause instanceof Error ? cause.message : String(cause);
    for (const waiting of group) {
      const error = new AppendFailed(
        'append-refused',
        'unknown',
        `The disk did not take the records: ${why}. Look at free space and permissions of the data directory.`,
        { cause },
      );
      this.events.appendFailed?.(waiting.topic, waiting.append.records.length, error);
      waiting.reject(error);
    }
  }

  /** Takes no more and waits for what was taken. */
  async close(): Promise<void> {
    this.closed = true;
    while (this.writing !== null) await this.writing;
  }
}

const closedError = (topic: string) =>
  new AppendFailed('append-closed', 'not-appended', `The log is closed; nothing was appended to ${topic}.`);
