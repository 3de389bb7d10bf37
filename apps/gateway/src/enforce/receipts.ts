/** What this gateway says on the `enforcements` topic, in order, many per append, again until the log has it. */
import { ceHeaders, encodeGatewayReport, TOPICS, type GatewayReport } from '#activity';
import type { AppendRecord, Log } from '#stream';
import type { Logger } from '#telemetry';
import type { GatewayMetrics } from '../metrics.js';

/** Receipts that wait for the log; beyond it the oldest go, and a later heartbeat proves the position instead. */
const WAITING_MAX = 10_000;
const BATCH_MAX = 500;
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 1_000;

export class Receipts {
  private readonly log: Log;
  private readonly metrics: GatewayMetrics;
  private readonly logger: Logger;
  private readonly waiting: AppendRecord[] = [];
  private sending: Promise<void> | null = null;
  private stopping = false;

  constructor(log: Log, metrics: GatewayMetrics, logger: Logger) {
    this.log = log;
    this.metrics = metrics;
    this.logger = logger;
  }

  /** Queues a receipt. */
  report(report: GatewayReport): void {
    if (this.waiting.length >= WAITING_MAX) {
      this.waiting.shift();
      this.metrics.lostReport('receipt');
    }
    this.waiting.push(record(report));
    this.sending ??= this.send();
  }

  /** Appends one report now, past the queue: its time matters. Throws when the log does not take it. */
  async reportNow(report: GatewayReport): Promise<void> {
    await this.log.append(TOPICS.enforcements, [record(report)]);
  }

  /** Waits until the queue is sent or the log has refused it once more. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.sending;
  }

  private async send(): Promise<void> {
    // Lets everything that is reported in the same turn share one append.
    await Promise.resolve();
    let waitMs = RETRY_MIN_MS;
    while (this.waiting.length > 0) {
      const batch = this.waiting.slice(0, BATCH_MAX);
      try {
        await this.log.append(TOPICS.enforcements, batch);
        this.waiting.splice(0, batch.length);
        waitMs = RETRY_MIN_MS;
      } catch (error) {
        this.logger.warn({ error: String(error), waiting: this.waiting.length }, 'receipts wait for the log');
        if (this.stopping) break;
        await new Promise((resolve) => setTimeout(resolve, waitMs).unref());
        waitMs = Math.min(2 * waitMs, RETRY_MAX_MS);
      }
    }
    this.sending = null;
  }
}

function record(report: GatewayReport): AppendRecord {
  return {
    key: report.instance,
    value: encodeGatewayReport(report),
    partition: 0,
    headers: ceHeaders(report),
  };
}
