/** Limits and times of the engine, each with its reason. */

/** Decoded states held per partition: some tens of MB in all; an agent beyond it is loaded again. */
export const HELD_STATES_MAX = 4_096;

/** First and longest wait between attempts while the store or the log is away. Short, so that it works again at once. */
export const RETRY_FIRST_MS = 50;
export const RETRY_MAX_MS = 1_000;

/** A policy named on the log is on the `policies` topic before; its follower may be this far behind. */
export const POLICY_WAIT_MS = 10_000;

/** Batches of a partition that may fail in a row for a reason that waiting does not cure; then the process ends. */
export const BATCH_FAILURES_MAX = 8;

/** How often it is said that state is current; well below any sensible `maxStaleMs`. */
export const CURRENCY_MS = 500;

/** A partition whose state is older is an alarm: longer than a rebalance or a restart of the store takes. */
export const BLIND_AFTER_MS = 60_000;
/** Blindness that lasts is told once in this time. */
export const BLIND_PERIOD_MS = 10 * 60_000;

/** How often containment looks at leases and writes down what changed. */
export const SETTLE_MS = 500;

/** An ended revocation stays on its topic this much longer: far more than clocks are apart or a reader is behind. */
export const ENDED_KEPT_MS = 24 * 3_600_000;
/** Ended ones remembered, and taken off the topic at once. */
export const ENDED_MAX = 50_000;
export const ENDED_AT_ONCE = 500;

/** How often it is looked at what fires on everyone. */
export const FLOOD_LOOK_MS = 5_000;

/** No batch, poll or answer for this long: the process is stuck, or what it needs has been away this long. */
export const HEALTH_LIMIT_MS = 60_000;

/** Running batches may end for this long at shutdown; less than what process managers grant by default (10 s). */
export const SHUTDOWN_MS = 8_000;

/**
 * A state lives this much longer in the store than the core would look at it. An engine may be this far behind the log
 * and still finds every state the core wants; the log itself keeps activity for no longer.
 */
export const STATE_GRACE_MS = 30 * 24 * 3_600_000;
/**
 * Of an asserted agent: names cost nothing to make up, so their states go as soon as nothing on the log can ask for
 * them. Longer than the log keeps activity (7 days).
 */
export const ASSERTED_GRACE_MS = 8 * 24 * 3_600_000;

/** What containment keeps has no idleness: rewritten often, and never to be missed. */
export const KEPT_MS = 10 * 365 * 24 * 3_600_000;
