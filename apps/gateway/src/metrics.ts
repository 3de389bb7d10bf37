/** What the gateway counts. Labels are outcomes, effects and limits: never an agent, a task or a tool. */
import type { Effect } from '#activity/types';
import { createMetrics, type Metrics } from '#telemetry';

/** Seconds: the goal is under 1 ms for a read and under 2 ms with an inline decision. */
const ADDED_BUCKETS_S = [
  0.0001, 0.00025, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.005, 0.01, 0.05, 0.25, 1,
];

export type CallOutcome = 'allowed' | 'refused' | 'withheld' | 'stopped';

export interface Gauges {
  spooledBytes(): number;
  waitingActivities(): number;
  revocations(): number;
  revocationLagSeconds(): number;
  leaseAgeSeconds(): number;
  openRequests(): number;
  inFlight(): number;
  sessions(): number;
  children(): number;
}

export class GatewayMetrics {
  readonly registry: Metrics = createMetrics();
  private readonly calls = this.registry.counter(
    'gateway_calls_total',
    'Judged calls by outcome, basis and effect',
    ['outcome', 'basis', 'effect'],
  );
  private readonly limits = this.registry.counter(
    'gateway_limits_total',
    'Limits crossed and requests that could not be read',
    ['limit'],
  );
  private readonly failed = this.registry.counter(
    'gateway_fail_mode_total',
    'Calls decided by the fail mode',
    ['cause', 'outcome'],
  );
  private readonly stops = this.registry.counter(
    'gateway_stops_total',
    'Calls in flight taken away by a revocation, by how they ended',
    ['outcome'],
  );
  private readonly reports = this.registry.counter(
    'gateway_reports_lost_total',
    'Activities and receipts that could not be put on the log',
    ['type'],
  );
  private readonly added = this.registry.histogram(
    'gateway_added_seconds',
    'Time the gateway added before forwarding',
    ['asked'],
    ADDED_BUCKETS_S,
  );
  private readonly decided = this.registry.histogram(
    'gateway_decision_seconds',
    'Time the authority took',
    [],
    ADDED_BUCKETS_S,
  );

  /** Gauges read the live parts whenever the metrics are asked for. */
  observe(gauges: Gauges): void {
    const gauge = (name: string, help: string, value: () => number): void => {
      this.registry.gauge(name, help, [], (metric) => metric.set(value()));
    };
    gauge('gateway_spooled_bytes', 'Bytes waiting on disk for the log', gauges.spooledBytes);
    gauge('gateway_activities_waiting', 'Activities waiting to be durable', gauges.waitingActivities);
    gauge('gateway_revocations', 'Live revocations held', gauges.revocations);
    gauge(
      'gateway_revocation_lag_seconds',
      'Time since the revocations topic last answered',
      gauges.revocationLagSeconds,
    );
    gauge(
      'gateway_lease_age_seconds',
      'Time since the position in revocations was last confirmed',
      gauges.leaseAgeSeconds,
    );
    gauge('gateway_open_requests', 'Client requests being answered, streams included', gauges.openRequests);
    gauge('gateway_calls_in_flight', 'Judged calls in flight', gauges.inFlight);
    gauge('gateway_sessions', 'MCP sessions remembered', gauges.sessions);
    gauge('gateway_children', 'Processes of stdio servers', gauges.children);
  }

  call(outcome: CallOutcome, basis: string, effect: Effect): void {
    this.calls.inc({ outcome, basis, effect });
  }
  limit(limit: string): void {
    this.limits.inc({ limit });
  }
  failMode(cause: string, outcome: 'open' | 'closed'): void {
    this.failed.inc({ cause, outcome });
  }
  stop(outcome: string): void {
    this.stops.inc({ outcome });
  }
  lostReport(type: string): void {
    this.reports.inc({ type });
  }
  addedMs(asked: boolean, ms: number): void {
    this.added.observe({ asked: asked ? 'yes' : 'no' }, ms / 1_000);
  }
  decisionMs(ms: number): void {
    this.decided.observe(ms / 1_000);
  }
}
