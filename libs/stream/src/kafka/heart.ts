/**
 * Heartbeats while batches are in work: kafkajs sends none on its own then. As long as the event loop runs and a batch
 * makes progress, the membership lives; a batch that hangs loses it, so that another consumer can take over.
 */
import { rootCause } from './client.js';

/** A batch that shows no sign of life for so long is taken to hang. */
const HUNG_MS = 60_000;
const MEMBERSHIP_LOST = new Set([
  'REBALANCE_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
]);

export class Heart {
  private readonly working = new Set<() => Promise<void>>();
  private timer: NodeJS.Timeout | null = null;
  private lost: unknown = null;
  private aliveAt = 0;

  constructor(
    private readonly intervalMs: number,
    private readonly onLost: () => void,
  ) {}

  /** Beats until the returned function is called. */
  work(heartbeat: () => Promise<void>): () => void {
    this.working.add(heartbeat);
    this.aliveAt = performance.now();
    this.timer ??= setInterval(() => void this.tick(), this.intervalMs);
    return () => {
      this.working.delete(heartbeat);
      this.aliveAt = performance.now();
      if (this.working.size > 0 || this.timer === null) return;
      clearInterval(this.timer);
      this.timer = null;
    };
  }

  /** A handler's own sign of life; kafkajs limits how often it becomes a request. Throws when membership is lost. */
  async beat(): Promise<void> {
    this.aliveAt = performance.now();
    const [heartbeat] = this.working;
    if (heartbeat !== undefined) await this.send(heartbeat);
    this.throwIfLost();
  }

  /** Called between batches: kafkajs joins the group again when it sees the error. */
  throwIfLost(): void {
    if (this.lost !== null) throw this.lost;
  }

  /** A new membership. */
  revive(): void {
    this.lost = null;
  }

  private async tick(): Promise<void> {
    const [heartbeat] = this.working;
    if (heartbeat !== undefined && performance.now() - this.aliveAt < HUNG_MS) await this.send(heartbeat);
  }

  private async send(heartbeat: () => Promise<void>): Promise<void> {
    try {
      await heartbeat();
    } catch (error) {
      // A broker that is away: the batch goes on, what it writes is fenced by the store, and the next beat tells more.
      if (!MEMBERSHIP_LOST.has(rootCause(error).type ?? '')) return;
      this.lost = error;
      this.onLost();
    }
  }
}
