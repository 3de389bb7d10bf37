/**
 * This gateway's place in the set that containment is proved over: it registers before it serves, confirms its position
 * in `revocations` by heartbeat, and leaves by an orderly goodbye. When it cannot confirm for `leaseMs` it applies its
 * fail mode by itself, because nobody can tell it of a revocation any more.
 */
import type { Effect } from '#activity/types';
import type { Logger } from '#telemetry';
import { HEARTBEATS_PER_LEASE } from '../limits.js';
import type { RevocationFeed } from './feed.js';
import type { Receipts } from './receipts.js';

export interface LeaseOptions {
  gateway: string;
  instance: string;
  leaseMs: number;
  failMode: { effect: Effect; closed: boolean }[];
}

export class Lease {
  private readonly options: LeaseOptions;
  private readonly feed: RevocationFeed;
  private readonly receipts: Receipts;
  private readonly logger: Logger;
  private confirmedAtMs = -Infinity;
  private timer: NodeJS.Timeout | null = null;
  private beating: Promise<void> | null = null;
  private lost = false;

  constructor(options: LeaseOptions, feed: RevocationFeed, receipts: Receipts, logger: Logger) {
    this.options = options;
    this.feed = feed;
    this.receipts = receipts;
    this.logger = logger;
  }

  /** Time since the last confirmed position, by a clock that nobody sets. */
  get ageMs(): number {
    return performance.now() - this.confirmedAtMs;
  }

  /** False: the fail mode applies. */
  get held(): boolean {
    return this.ageMs <= this.options.leaseMs;
  }

  /** Registers, and confirms the position for the first time. Throws when the log does not take it. */
  async register(): Promise<void> {
    const { failMode, leaseMs } = this.options;
    await this.receipts.reportNow({ type: 'GatewayRegistered', ...this.base(), failMode, leaseMs });
    await this.beat();
    if (!this.held) throw new Error('The first heartbeat was not acknowledged: the log is away');
    this.timer = setInterval(() => this.beatOnce(), leaseMs / HEARTBEATS_PER_LEASE).unref();
  }

  /** Says goodbye: from now on this instance enforces nothing, because it serves nothing. */
  async leave(): Promise<void> {
    await this.stop();
    await this.receipts.reportNow({ type: 'GatewayLeft', ...this.base(), by: 'goodbye' });
  }

  /** Ends the heartbeats without a goodbye: for those who look, this gateway has fallen silent. */
  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.beating;
  }

  /** One at a time; cleared by whoever set it, because a beat may end before its first wait. */
  private beatOnce(): void {
    this.beating ??= this.beat().finally(() => (this.beating = null));
  }

  private async beat(): Promise<void> {
    // The position is as old as the feed's last answer, and the lease runs from there, not from the acknowledgement.
    const ageMs = this.feed.progressAgeMs;
    const knownAtMs = performance.now() - ageMs;
    const position = this.feed.position;
    try {
      if (ageMs > this.options.leaseMs / 2)
        throw new Error(`the revocations topic has not answered for ${Math.round(ageMs)} ms`);
      await this.receipts.reportNow({ type: 'GatewayHeartbeat', ...this.base(), position });
      this.confirmedAtMs = knownAtMs;
      if (this.lost) this.logger.info({}, 'the position in revocations is confirmed again');
      this.lost = false;
    } catch (error) {
      if (!this.lost)
        this.logger.error({ error: String(error) }, 'the position in revocations cannot be confirmed');
      this.lost = true;
    }
  }

  private base(): { gateway: string; instance: string; at: number } {
    return { gateway: this.options.gateway, instance: this.options.instance, at: Date.now() };
  }
}
