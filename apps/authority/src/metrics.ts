import type { Metrics } from '#telemetry';

export type AuthorityMetrics = ReturnType<typeof authorityMetrics>;

/** Everything the authority counts. Reasons are stable codes of the core and of this port: few by nature. */
export function authorityMetrics(metrics: Metrics) {
  return {
    decisions: metrics.counter('authority_decisions_total', 'Decisions by outcome and reason', [
      'outcome',
      'reason',
    ]),
    decisionSeconds: metrics.histogram(
      'authority_decision_seconds',
      'Time of a decision inside the authority',
    ),
    conflicts: metrics.counter('authority_decision_conflicts_total', 'Compare-and-set lost, assessed again'),
    contended: metrics.counter('authority_decision_contended_total', 'Gave up after losing too often'),
    notCurrent: metrics.counter('authority_not_current_total', 'Answered like an absent authority', [
      'cause',
    ]),
    pendingExpired: metrics.counter(
      'authority_pending_expired_total',
      'Pending entries dropped: allowed and never logged',
    ),
    pendingFull: metrics.counter('authority_pending_full_total', 'Refused because the pending list was full'),
    repeated: metrics.counter(
      'authority_decisions_repeated_total',
      'The same activity asked again, answered the same',
    ),
    acts: metrics.counter('authority_acts_total', 'What orchestrators and people did', ['action', 'outcome']),
    unauthorized: metrics.counter('authority_unauthorized_total', 'Requests without a known credential'),
    errors: metrics.counter('authority_errors_total', 'Requests that failed, by code', ['code']),
    unreadable: metrics.counter(
      'authority_unreadable_records_total',
      'Followed records that could not be read',
      ['topic'],
    ),
    followersDropped: metrics.counter(
      'authority_alert_followers_dropped_total',
      'Alert followers that were too slow',
    ),
  };
}
