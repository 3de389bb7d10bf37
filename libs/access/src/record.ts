import { ceHeaders, encodeActivity, partitionOf } from '#activity';
import { agentKey, type Activity } from '#activity/types';
import type { AppendRecord } from '#stream';

/** An agent's activity as a record of the activity topic. */
export function activityRecord(activity: Activity, partitions: number): AppendRecord {
  const key = agentKey(activity);
  return {
    key,
    value: encodeActivity(activity),
    partition: partitionOf(key, partitions),
    headers: ceHeaders(activity),
  };
}
