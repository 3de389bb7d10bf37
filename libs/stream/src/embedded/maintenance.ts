/** Retention and compaction of the embedded log, in small transactions beside the writers. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { LogEvents } from '../port.js';
import { keyOfStored, offsetOfKey, recordKey } from './records.js';
import type { Partition, Storage } from './storage.js';

/** How long a tombstone outlives its key, so that every reader has seen it: Kafka's default. */
export const TOMBSTONE_MS = 24 * 3_600_000;
/** Keys one compaction keeps in memory; a topic with more is left as it is, with a warning. */
const COMPACT_KEYS_MAX = 1_000_000;
/** Records per step: a step blocks the process for some milliseconds at most. */
const STEP_RECORDS = 2_000;

/** Drops whole segments that are older than the topic's retention. */
export async function expire(storage: Storage, partition: Partition, events: LogEvents): Promise<void> {
  if (partition.retentionMs === null) return;
  const oldestMs = storage.now() - partition.retentionMs;
  if (partition.end > partition.start && partition.lastTimeMs < oldestMs) await storage.roll(partition);
  // Append times never go back: a segment is over age when the next one starts before the limit, or it holds the last record.
  while (partition.segments.length > 1 && newestOf(partition, 0) < oldestMs) {
    const before = partition.start;
    await storage.dropFirstSegment(partition);
    events.removed?.(partition.topic, partition.partition, partition.start - before, 'retention');
  }
  await removeBefore(storage, partition);
}

function newestOf(partition: Partition, index: number): number {
  const next = partition.segments[index + 1];
  return next === undefined || next.base === partition.end ? partition.lastTimeMs : next.firstTimeMs;
}

/** Removes records below the start: of segments just dropped, or of a removal that a crash cut short. */
export async function removeBefore(storage: Storage, partition: Partition): Promise<void> {
  const end = recordKey(partition.id, partition.start);
  for (;;) {
    const keys = [
      ...storage.records.getKeys({ start: recordKey(partition.id, 0), end, limit: STEP_RECORDS }),
    ];
    if (keys.length === 0) return;
    await storage.env.batch(() => {
      for (const key of keys) void storage.records.remove(key);
    });
  }
}

/** Keeps the latest record of each key. Tombstones go after `TOMBSTONE_MS`. The last record always stays. */
export async function compact(storage: Storage, partition: Partition, events: LogEvents): Promise<void> {
  const end = partition.end;
  const oldestTombstoneMs = storage.now() - TOMBSTONE_MS;
  const latest = new Map<string, number>();
  let removed = 0;
  let at = partition.start;
  partition.dirty = 0;
  while (at < end) {
    const range = {
      start: recordKey(partition.id, at),
      end: recordKey(partition.id, end),
      limit: STEP_RECORDS,
    };
    const gone: number[] = [];
    let read = 0;
    for (const { key, value } of storage.records.getRange(range)) {
      const offset = offsetOfKey(key);
      const record = keyOfStored(value);
      const older = latest.get(record.key);
      if (older !== undefined) gone.push(older);
      const expired = record.tombstone && record.appendTimeMs < oldestTombstoneMs && offset < end - 1;
      if (expired) gone.push(offset);
      if (expired) latest.delete(record.key);
      else latest.set(record.key, offset);
      at = offset + 1;
      read += 1;
    }
    await storage.env.batch(() => {
      for (const offset of gone) void storage.records.remove(recordKey(partition.id, offset));
    });
    removed += gone.length;
    if (read < STEP_RECORDS) break;
    if (latest.size > COMPACT_KEYS_MAX) {
      events.warning?.(
        `${partition.topic} has more than ${COMPACT_KEYS_MAX} keys and is not compacted further.`,
      );
      break;
    }
    await nextTurn();
  }
  if (removed > 0) events.removed?.(partition.topic, partition.partition, removed, 'compaction');
}
