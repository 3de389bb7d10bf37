/**
 * Where to go on in a partition, and whether the log is still the one that was folded. The marker in the store is the
 * position; nothing else is believed, and nothing is ever skipped silently.
 */
import { checksum } from '#activity';
import { PartitionHalted, type Bounds, type Log } from '#stream';
import type { Marker, PartitionId, StateStore } from '#store';
import type { EngineErrorCode } from './errors.js';

/** Written by a named person's word to fold a partition again from where its log starts: there is no record to compare. */
export const UNVERIFIED = '';

export interface Place {
  /** What the store holds, and what the next write expects. */
  marker: Marker | null;
  /** Offset of the first record to fold. */
  next: number;
}

/** Reads the marker, compares the record it names with the log's, and says where to go on. Throws `PartitionHalted`. */
export async function findPlace(
  parts: { log: Log; store: StateStore },
  topic: string,
  partition: number,
  id: PartitionId,
): Promise<Place> {
  const [marker, logId, bounds] = await Promise.all([
    parts.store.marker(id),
    parts.log.id(),
    parts.log.bounds(topic, partition),
  ]);
  // No marker: nothing was folded, or the store lost everything and is rebuilt from what the log still has.
  if (marker === null) return { marker, next: bounds.start };
  const where = `${topic}/${partition}`;
  checkBounds(where, marker, logId, bounds);
  if (marker.checksum !== UNVERIFIED) await checkRecord(parts.log, topic, partition, marker);
  return { marker, next: marker.offset + 1 };
}

function checkBounds(where: string, marker: Marker, logId: string, bounds: Bounds): void {
  if (marker.logId !== logId) {
    halt(
      'DL_ENGINE_LOG_CHANGED',
      `${where} was folded from log ${marker.logId}, this is log ${logId}: states and log do not belong together`,
    );
  }
  if (marker.offset >= bounds.end) {
    halt(
      'DL_ENGINE_MARKER_PAST_END',
      `${where} was folded up to offset ${marker.offset}, the log ends at ${bounds.end}: it lost records or was wiped`,
    );
  }
  const first = marker.checksum === UNVERIFIED ? marker.offset + 1 : marker.offset;
  if (bounds.start > first) {
    halt(
      'DL_ENGINE_LOG_TRUNCATED',
      `${where} was folded up to offset ${marker.offset}, the log starts at ${bounds.start}: what was in between, or ` +
        'whether anything was, cannot be told any more',
    );
  }
}

async function checkRecord(log: Log, topic: string, partition: number, marker: Marker): Promise<void> {
  const record = await log.readAt(topic, partition, marker.offset);
  const found = record === null ? 'no record' : checksum(record);
  if (found === marker.checksum) return;
  halt(
    'DL_ENGINE_RECORD_CHANGED',
    `${topic}/${partition} holds another record at offset ${marker.offset} than the one that was folded: ` +
      `expected checksum ${marker.checksum}, found ${found}`,
  );
}

/** Stops one partition until a person acts; the others go on. */
export function halt(code: EngineErrorCode, message: string, options?: ErrorOptions): never {
  throw new PartitionHalted(
    code,
    `${message}. This partition stays stopped: restore the log or the store it belongs to, or have a named person ` +
      'rebuild the partition from what the log holds: driftline rebuild',
    options,
  );
}
