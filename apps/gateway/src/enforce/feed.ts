/** Follows the revocations topic from its beginning and keeps the index that every call is matched against. */
import { decodeCommand, TOPICS, type Lift, type Revocation } from '#activity';
import { RevocationIndex } from '#revocation';
import type { Follower, Log, LogRecord } from '#stream';
import type { Logger } from '#telemetry';
import type { GatewayMetrics } from '../metrics.js';

/** Revocations that ended are dropped this often. */
const EXPIRE_EVERY_MS = 10_000;

export interface FeedListener {
  /** Later calls are refused already when this is called. */
  applied(revocation: Revocation): void;
  lifted(lift: Lift): void;
}

export class RevocationFeed {
  readonly index = new RevocationIndex();
  private readonly logger: Logger;
  private readonly metrics: GatewayMetrics;
  private listener: FeedListener = { applied: () => undefined, lifted: () => undefined };
  private follower: Follower | null = null;
  /** Offset of the first revocation that could not be read: nothing from there on is proved by a position. */
  private unreadableAt = Infinity;
  private readonly timer: NodeJS.Timeout;

  constructor(metrics: GatewayMetrics, logger: Logger) {
    this.metrics = metrics;
    this.logger = logger;
    this.timer = setInterval(() => this.index.expire(Date.now()), EXPIRE_EVERY_MS).unref();
  }

  /** Resolves once every revocation there was is known. */
  async start(log: Log, listener: FeedListener, onFatal: (error: Error) => void): Promise<void> {
    this.listener = listener;
    this.follower = await log.follow({
      topic: TOPICS.revocations,
      from: 'start',
      onRecords: (records) => this.take(records),
      onFatal,
    });
    await this.follower.caughtUp;
  }

  /** Everything before this offset was read and applied. */
  get position(): number {
    return Math.min(this.follower?.positions()[0] ?? 0, this.unreadableAt);
  }

  /** Age of the log's last answer. */
  get progressAgeMs(): number {
    return this.follower?.progressAgeMs() ?? Infinity;
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.follower?.stop();
  }

  private take(records: LogRecord[]): void {
    for (const record of records) {
      try {
        this.apply(record);
      } catch (error) {
        // What cannot be read cannot be enforced: counted and loud, never said to be contained, and the rest goes on.
        this.unreadableAt = Math.min(this.unreadableAt, record.offset);
        this.metrics.limit('revocation-unreadable');
        this.logger.error(
          { offset: record.offset, error: String(error) },
          'a revocation cannot be read and is NOT enforced',
        );
      }
    }
  }

  private apply(record: LogRecord): void {
    const key = record.key?.toString('utf8') ?? '';
    if (record.value === null) {
      this.index.applyRecord(key, null);
      return;
    }
    const command = decodeCommand(key, record.value);
    if (command.kind === 'lift') {
      this.index.applyLift(command.lift);
      this.listener.lifted(command.lift);
      return;
    }
    const outcome = this.index.applyRevocation(command.revocation, Date.now());
    if (outcome === 'overflow') this.metrics.limit('revocations');
    if (outcome === 'applied' || outcome === 'overflow') this.listener.applied(command.revocation);
  }
}
