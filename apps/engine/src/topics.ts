import { TOPICS } from '#activity/types';
import type { Config } from '#config';
import type { TopicSpec } from '#stream';

const DAY_MS = 24 * 3_600_000;
/** How far back state can be rebuilt, and how long an engine may be away. */
const ACTIVITY_RETENTION_MS = 7 * DAY_MS;
/** What people look into after the fact. */
const SOC_RETENTION_MS = 90 * DAY_MS;
/** Partitions of the embedded activity topic: enough for waits to overlap in one process. */
const EMBEDDED_PARTITIONS = 4;

/** Every topic as Driftline needs it. Only `activity` has more than one partition. */
export function topicSpecs(config: Pick<Config, 'kafka' | 'storage'>): TopicSpec[] {
  const partitions = config.storage === 'servers' ? (config.kafka?.partitions ?? 8) : EMBEDDED_PARTITIONS;
  const single = { partitions: 1, compacted: false };
  return [
    { name: TOPICS.activity, partitions, compacted: false, retentionMs: ACTIVITY_RETENTION_MS },
    { name: TOPICS.revocations, partitions: 1, compacted: true, retentionMs: null },
    { name: TOPICS.policies, partitions: 1, compacted: true, retentionMs: null },
    { ...single, name: TOPICS.enforcements, retentionMs: ACTIVITY_RETENTION_MS },
    { ...single, name: TOPICS.alerts, retentionMs: SOC_RETENTION_MS },
    { ...single, name: TOPICS.audit, retentionMs: null },
    { ...single, name: TOPICS.deadLetters, retentionMs: SOC_RETENTION_MS },
  ];
}
