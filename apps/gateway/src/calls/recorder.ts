/** Puts what was done on the log. Reads never wait; anything else is durable before it is forwarded. */
import type { ActivityReporter } from '#access';
import type { Activity, ToolCall, ToolResult } from '#activity/types';
import type { Logger } from '#telemetry';
import type { GatewayMetrics } from '../metrics.js';
import { READ_HELD_MS } from '../limits.js';
import type { OpenCalls } from '../record/open-calls.js';
import { NOTHING_KNOWN } from './reported.js';

export class Recorder {
  readonly reporter: ActivityReporter;
  private readonly open: OpenCalls;
  private readonly metrics: GatewayMetrics;
  private readonly logger: Logger;
  /** What nobody waits for, in its order, until the turn or the moment is over. */
  private held: Activity[] = [];
  private turn: NodeJS.Immediate | null = null;
  private moment: NodeJS.Timeout | null = null;

  constructor(reporter: ActivityReporter, open: OpenCalls, metrics: GatewayMetrics, logger: Logger) {
    this.reporter = reporter;
    this.open = open;
    this.metrics = metrics;
    this.logger = logger;
  }

  /**
   * Resolves once the call is durable and, when it `awaits` a result, known to be open. Throws when it cannot be.
   * Open first: a crash between the two would leave a call on the log whose end nobody ever reports.
   */
  async durable(call: ToolCall, awaits: boolean): Promise<void> {
    if (awaits) this.open.begin(call);
    this.send();
    try {
      await this.report(call);
    } catch (error) {
      this.close(call.callId);
      throw error;
    }
  }

  /** The result, or the end, of a call: after the turn, so that the agent's answer is on its way before. */
  ended(result: ToolResult): void {
    this.later(result);
  }

  /** A disk that refuses is no reason to end: after a crash the call would be reported once more, as unknown. */
  private close(callId: string): void {
    try {
      this.open.end(callId);
    } catch (error) {
      this.metrics.limit('open-calls');
      this.logger.error({ callId, error: String(error) }, 'the end of a call cannot be written down');
    }
  }

  /** On the log as soon as it takes it; a loss is counted and loud. */
  later(activity: Activity): void {
    this.held.push(activity);
    this.turn ??= setImmediate(() => this.send());
  }

  /** A call that does not wait for the log, kept for a moment: where its result comes soon, both go in one append. */
  withItsResult(call: ToolCall): void {
    this.held.push(call);
    this.moment ??= setTimeout(() => this.send(), READ_HELD_MS);
  }

  /** Waits for everything that was reported; call before the log is closed. */
  async flush(): Promise<void> {
    this.send();
    await this.reporter.flush();
  }

  private send(): void {
    if (this.turn) clearImmediate(this.turn);
    if (this.moment) clearTimeout(this.moment);
    this.turn = null;
    this.moment = null;
    for (const activity of this.held.splice(0)) {
      this.report(activity).then(
        () => activity.type === 'ToolResult' && this.close(activity.callId),
        () => undefined,
      );
    }
  }

  /** Calls that an earlier run left open: nobody knows how they ended. */
  async reportLeftOpen(): Promise<number> {
    for (const call of this.open.left) {
      const { callId, server, tool, ...who } = call;
      const nowMs = Date.now();
      const base = { ...this.reporter.base(who, nowMs), type: 'ToolResult' as const, callId, server, tool };
      await this.report({ ...base, ...NOTHING_KNOWN, durationMs: Math.max(0, nowMs - call.time) });
      this.open.end(callId);
    }
    return this.open.left.length;
  }

  private async report(activity: Activity): Promise<void> {
    try {
      await this.reporter.report(activity);
    } catch (error) {
      this.metrics.lostReport(activity.type);
      this.logger.error(
        { id: activity.id, type: activity.type, error: String(error) },
        'an activity is lost: neither log nor spool took it',
      );
      throw error;
    }
  }
}
