import { PENDING_TTL_MS } from '../limits.js';
import { STAMP_BYTES, freshStamp } from '../stamp.js';
import type { CommitRequest, Marker, StateWrite } from '../port.js';
import type { Keys } from './keys.js';

/** A marker as it is stored; the script compares these texts, so the order of the fields is part of it. */
export function encodeMarker({ logId, offset, checksum }: Marker): string {
  return JSON.stringify({ logId, offset, checksum });
}

/** Keys and arguments of `commit.lua`, in its order. */
export function commitArguments(
  request: CommitRequest,
  keys: Keys,
): { keys: string[]; args: (string | Buffer)[] } {
  const { partition, folded, tasks } = request;
  const set = request.states.filter((write) => write.state !== null);
  const deleted = request.states.filter((write) => write.state === null);
  const grouped = groupByTtl(set);
  const stamp = freshStamp();
  return {
    keys: [
      keys.marker(partition),
      ...grouped.flatMap((group) => group.map((write) => keys.state(partition, write.key))),
      ...deleted.map((write) => keys.state(partition, write.key)),
      ...deleted.map((write) => keys.pending(partition, write.key)),
      ...folded.map(({ key }) => keys.pending(partition, key)),
      ...tasks.map(({ task }) => keys.task(partition, task)),
    ],
    args: [
      request.expected === null ? '' : encodeMarker(request.expected),
      encodeMarker(request.next),
      stamp,
      String(PENDING_TTL_MS),
      ...[grouped.length, deleted.length, folded.length, tasks.length].map(String),
      ...grouped.flatMap((group) => groupArguments(group, stamp)),
      ...folded.flatMap(({ ids }) => [String(ids.length), ...ids]),
      ...tasks.flatMap(({ key, ttlMs }) => [key, String(Math.trunc(ttlMs))]),
    ],
  };
}

/** States that live equally long: their ttl is sent once. Nearly always one group. */
function groupByTtl(writes: StateWrite[]): StateWrite[][] {
  const groups = new Map<number, StateWrite[]>();
  for (const write of writes) {
    const group = groups.get(write.ttlMs);
    if (group) group.push(write);
    else groups.set(write.ttlMs, [write]);
  }
  return [...groups.values()];
}

function groupArguments(group: StateWrite[], stamp: Buffer): (string | Buffer)[] {
  const ttlMs = String(Math.trunc(group[0]!.ttlMs));
  return [ttlMs, String(group.length), ...stamped(group, stamp)];
}

/** Each state behind the stamp; one allocation for all of them. */
function stamped(group: StateWrite[], stamp: Buffer): Buffer[] {
  const total = group.reduce((sum, { state }) => sum + STAMP_BYTES + state!.byteLength, 0);
  const bytes = Buffer.allocUnsafe(total);
  let end = 0;
  return group.map(({ state }) => {
    const start = end;
    bytes.set(stamp, start);
    bytes.set(state!, start + STAMP_BYTES);
    end = start + STAMP_BYTES + state!.byteLength;
    return bytes.subarray(start, end);
  });
}
