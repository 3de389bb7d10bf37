import type { Metrics } from '#telemetry';
import type { Chunk } from './chunk.js';

/** Events in a batch: powers of four up to the largest batch. */
const BATCH_BUCKETS = [1, 4, 16, 64, 256, 1_024, 4_096, 20_000];
/** Seconds from a revocation's append to the last gateway's proof. */
const CONTAINMENT_BUCKETS_S = [0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export type EngineMetrics = ReturnType<typeof engineMetrics>;

/** Everything the engine counts. Label values are few by nature; they are set once a batch, never once an event. */
export function engineMetrics(metrics: Metrics) {
  return {
    lagEvents: metrics.gauge('lag_events', 'Records on the log that are not folded', ['partition']),
    lagSeconds: metrics.gauge('lag_seconds', 'Age of the first record that is not folded', ['partition']),
    batchEvents: metrics.histogram('batch_events', 'Records in a batch', [], BATCH_BUCKETS),
    batchSeconds: metrics.histogram('batch_seconds', 'A batch from decoding to stored', []),
    assessSeconds: metrics.histogram('assess_seconds', 'Decoding and assessing a batch, without waits', []),
    activities: metrics.counter('activities_total', 'Activities folded'),
    commands: metrics.counter('commands_total', 'Commands and alerts published', ['type']),
    deadLetters: metrics.counter('dead_letters_total', 'Records that could not be folded', ['code']),
    duplicates: metrics.counter('duplicates_total', 'Activities dropped because they were folded before'),
    gaps: metrics.counter('sequence_gaps_total', 'Activities found missing by their sequence number'),
    clamped: metrics.counter('clamped_times_total', 'Activities whose time the log contradicts', ['source']),
    loads: metrics.counter('states_loaded_total', 'States loaded from the store'),
    stores: metrics.counter('states_stored_total', 'States written to the store'),
    storeErrors: metrics.counter('store_errors_total', 'Failed calls to the store', ['code']),
    logErrors: metrics.counter('log_errors_total', 'Failed appends and reads of the log', ['code']),
    repositioned: metrics.counter('repositioned_total', 'Times another writer held the marker', [
      'partition',
    ]),
    halted: metrics.gauge('partition_halted', '1 = stopped until a person acts', ['partition', 'code']),
    assigned: metrics.gauge('partitions_assigned', 'Partitions this engine folds'),
    policyRevision: metrics.gauge('policy_revision', 'Revision of the active policy'),
    policyDiffers: metrics.gauge('policy_differs', '1 = the configured policy is not the active one'),
    floodShare: metrics.gauge('rule_flood_share', 'Share of the active agents on whom it fired', ['cause']),
    floods: metrics.counter('rule_floods_total', 'Detectors and rules that fired on too many agents', [
      'cause',
    ]),
    ticks: metrics.counter('ticks_total', 'Tick records written'),
    revocationsTracked: metrics.gauge('containment_revocations', 'Revocations followed', ['state']),
    gateways: metrics.gauge('containment_gateways', 'Gateway instances in the set', ['state']),
    containmentSeconds: metrics.histogram(
      'containment_seconds',
      'From a revocation on the log to every gateway accounted for',
      [],
      CONTAINMENT_BUCKETS_S,
    ),
    untracked: metrics.gauge('containment_untracked', 'Revocations that found no room to be followed'),
    crowded: metrics.gauge('containment_crowded', '1 = more gateways than can be followed'),
    mayHaveTakenEffect: metrics.counter(
      'may_have_taken_effect_total',
      'Calls in flight that were not stopped in time and are not reads',
    ),
  };
}

/** Read whenever the metrics are: what stands still cannot be counted. `ages` in ms by topic. */
export function progressGauge(metrics: Metrics, ages: () => Record<string, number>): void {
  metrics.gauge('progress_age_seconds', 'Since the last poll or batch', ['topic'], (gauge) => {
    for (const [topic, ageMs] of Object.entries(ages())) gauge.set({ topic }, ageMs / 1_000);
  });
}

/** The stable code of an error, for a label. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' && code.length <= 64 ? code : 'unknown';
}

/** Reporters told apart in a label: far more gateways than one fleet has, and a bound for who reports nonsense. */
const SOURCES_MAX = 256;
const sources = new Set<string>();

/** A reporter as a label value. */
function sourceLabel(source: string): string {
  if (!sources.has(source) && sources.size >= SOURCES_MAX) return 'other';
  sources.add(source);
  return source;
}

/** Counts a chunk that is stored. */
export function countChunk(metrics: EngineMetrics, chunk: Chunk, records: number, tookMs: number): void {
  metrics.batchEvents.observe(records);
  metrics.batchSeconds.observe(tookMs / 1_000);
  metrics.activities.inc(chunk.activities);
  metrics.duplicates.inc(chunk.duplicates);
  metrics.gaps.inc(chunk.gaps);
  for (const [code, count] of chunk.letters) metrics.deadLetters.inc({ code }, count);
  for (const [type, count] of Object.entries(chunk.outbox.commands)) metrics.commands.inc({ type }, count);
  for (const [source, count] of chunk.clamped) metrics.clamped.inc({ source: sourceLabel(source) }, count);
}
