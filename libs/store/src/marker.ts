import type { Marker } from './port.js';

/** Whether both name the same position of the same log; null = no position yet. */
export function sameMarker(a: Marker | null, b: Marker | null): boolean {
  if (a === null || b === null) return a === b;
  return a.offset === b.offset && a.checksum === b.checksum && a.logId === b.logId;
}
