/** Puts what was done on the log. Reads never wait; anything else is durable before it is forwarded. */
import type { ActivityReporter } from '#access';
import type { Activity, ToolCall, ToolResult } from '#activity/types';
import type { Logger } from '#telemetry';
import type { GatewayMetrics } from '../metrics.js';
import type { OpenCalls } from '../record/open-calls.js';
import { NOTHING_KNOWN } from './reported.js';

export class Recorder {
  readonly reporter: ActivityReporter;
  private readonly open: OpenCalls;
  private readonly metrics: GatewayMetrics;
  private readonly logger: Logger;

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
    try {
      await this.report(call);
    } catch (error) {
      this.close(call.callId);
      throw error;
    }
  }

  /** The result, or the end, of a call. */
  ended(result: ToolResult): void {
    this.report(result).then(
      () => this.close(result.callId),
      () => undefined,
    );
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
    this.report(activity).catch(() => undefined);
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
