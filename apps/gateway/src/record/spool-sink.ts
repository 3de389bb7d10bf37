/**
 * Where the gateway's activities become durable: the log, or while it is away the spool in front of it. Order holds:
 * once anything is spooled, everything is, until the spool has been sent again from its beginning.
 */
import { TOPICS } from '#activity/types';
import type { ActivitySink } from '#access';
import type { AppendRecord, Log } from '#stream';
import type { Logger } from '#telemetry';
import { LOG_WAIT_MS, RESEND_MAX_BYTES, RESEND_WAIT_MS } from '../limits.js';
import type { SpoolFiles } from './spool-files.js';

const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1_000;

export class SpoolSink implements ActivitySink {
  private readonly log: Log;
  private readonly files: SpoolFiles;
  private readonly logger: Logger;
  private resending: Promise<void> | null = null;
  private stopping = false;
  private wake: () => void = () => undefined;

  constructor(log: Log, files: SpoolFiles, logger: Logger) {
    this.log = log;
    this.files = files;
    this.logger = logger;
    // What an earlier run left goes first, in its order.
    if (files.bytes > 0) this.resending = this.resend();
  }

  /** True while records go to disk. */
  get spooling(): boolean {
    return this.resending !== null;
  }

  /** Resolves when the records are on the log or synced to disk; throws when they are neither. */
  async append(records: AppendRecord[]): Promise<void> {
    if (!this.resending) {
      try {
        await within(this.log.append(TOPICS.activity, records), LOG_WAIT_MS);
        return;
      } catch (error) {
        // It may still arrive: sent again it is the same activity, and dropped as a retry.
        this.logger.warn({ error: String(error) }, 'the log is away; activities are spooled');
      }
    }
    this.files.write(records);
    this.resending ??= this.resend();
  }

  /** Resolves when nothing is spooled, or after `waitMs`. */
  async settled(waitMs: number): Promise<boolean> {
    if (!this.resending) return true;
    await Promise.race([this.resending, pause(waitMs)]);
    return this.resending === null;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.wake();
    await this.resending;
    this.files.close();
  }

  private async resend(): Promise<void> {
    let waitMs = RETRY_MIN_MS;
    let sent = 0;
    while (!this.stopping) {
      try {
        const records = await this.sendOldest();
        if (records === null) break;
        sent += records;
        waitMs = RETRY_MIN_MS;
      } catch (error) {
        this.logger.debug({ error: String(error) }, 'the spool cannot be sent yet');
        await new Promise<void>((resolve) => {
          this.wake = resolve;
          setTimeout(resolve, waitMs).unref();
        });
        waitMs = Math.min(2 * waitMs, RETRY_MAX_MS);
      }
    }
    // In the same turn in which nothing was found: nothing can be spooled in between.
    this.resending = null;
    if (!this.stopping) this.logger.info({ sent }, 'the spool has been sent; the log takes activities again');
  }

  /** Sends the oldest file. Returns how many records it held, null when nothing is spooled. */
  private async sendOldest(): Promise<number | null> {
    const oldest = this.files.oldest();
    if (!oldest) return null;
    for (const batch of batches(oldest.records)) {
      await within(this.log.append(TOPICS.activity, batch), RESEND_WAIT_MS);
    }
    this.files.remove(oldest.name);
    return oldest.records.length;
  }
}

function* batches(records: AppendRecord[]): Generator<AppendRecord[]> {
  let batch: AppendRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = record.value?.length ?? 0;
    if (batch.length > 0 && bytes + size > RESEND_MAX_BYTES) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  if (batch.length > 0) yield batch;
}

async function within<T>(work: Promise<T>, maxMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no acknowledgement within ${maxMs} ms`)), maxMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // A late failure has been dealt with.
    work.catch(() => undefined);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
