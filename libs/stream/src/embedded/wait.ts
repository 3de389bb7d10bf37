import type { Partition } from './storage.js';

/** Resolves once `ready` holds, checked when one of the partitions got records and at the latest after `timeoutMs`. */
export function waitForRecords(
  partitions: Partition[],
  ready: () => boolean,
  timeoutMs: number,
): Promise<void> {
  if (ready()) return Promise.resolve();
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      for (const partition of partitions) partition.waiters.delete(end);
      resolve();
    };
    const timer = setTimeout(end, timeoutMs);
    for (const partition of partitions) partition.waiters.add(end);
  });
}
