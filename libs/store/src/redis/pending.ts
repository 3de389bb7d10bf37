/** Entries of a pending list as `append.lua` keeps them: order (16 digits) | time (16 digits) | activity. */
import type { PendingEntry } from '../port.js';

const DIGITS = 16;
const ENTRY = 'e'.charCodeAt(0);

/** What the client gives; the script puts the order before it. */
export function encodeEntry(entry: PendingEntry): Buffer {
  return Buffer.concat([Buffer.from(String(Math.trunc(entry.atMs)).padStart(DIGITS, '0')), entry.activity]);
}

/** From the fields and values of the hash, in the order of appending. */
export function decodePending(hash: Buffer[]): { entries: PendingEntry[]; stamp: Buffer | null } {
  const ordered: { order: number; entry: PendingEntry }[] = [];
  let stamp: Buffer | null = null;
  for (let i = 0; i < hash.length; i += 2) {
    const field = hash[i]!;
    const value = hash[i + 1]!;
    if (field[0] === ENTRY) ordered.push(decodeEntry(field, value));
    else if (field.toString() === '#') stamp = value;
  }
  ordered.sort((a, b) => a.order - b.order);
  return { entries: ordered.map(({ entry }) => entry), stamp };
}

function decodeEntry(field: Buffer, value: Buffer): { order: number; entry: PendingEntry } {
  return {
    order: Number(value.toString('latin1', 0, DIGITS)),
    entry: {
      id: field.toString('utf8', 1),
      activity: value.subarray(2 * DIGITS),
      atMs: Number(value.toString('latin1', DIGITS, 2 * DIGITS)),
    },
  };
}
