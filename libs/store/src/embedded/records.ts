/**
 * Keys and values of the embedded store. A key is `<partition> 0x00 <agent key or task>`, so that a partition is a range.
 * A state is `stamp (12) | expiry ms (8) | key length (2) | key | state`: the key is there because LMDB keys are
 * limited and long ones are hashed.
 */
import { createHash } from 'node:crypto';
import type { PartitionId, PendingEntry } from '../port.js';
import { STAMP_BYTES } from '../stamp.js';

/** LMDB takes keys up to 1978 bytes with its 4 KiB pages; a SPIFFE ID alone may have 2048. */
const KEY_MAX_BYTES = 1_900;
const HEADER_BYTES = STAMP_BYTES + 8 + 2;

export interface StateRecord {
  stamp: Uint8Array;
  expiresAtMs: number;
  key: string;
  state: Uint8Array;
}

/** What the pending database holds per agent. */
export interface PendingRecord {
  stamp: Uint8Array;
  expiresAtMs: number;
  entries: PendingEntry[];
}

export interface TaskRecord {
  key: string;
  expiresAtMs: number;
}

export function recordKey(partition: PartitionId, name: string): Buffer {
  const key = Buffer.from(`${partition}\0${name}`);
  if (key.length <= KEY_MAX_BYTES) return key;
  const digest = createHash('sha256').update(name).digest();
  return Buffer.concat([Buffer.from(`${partition}\0\0`), digest]);
}

/** All keys of a partition lie in `start ≤ key < end`. */
export function partitionRange(partition: PartitionId): { start: Buffer; end: Buffer } {
  return { start: Buffer.from(`${partition}\0`), end: Buffer.from(`${partition}\x01`) };
}

export function encodeState(record: StateRecord): Buffer {
  const keyBytes = Buffer.byteLength(record.key);
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + keyBytes + record.state.byteLength);
  bytes.set(record.stamp, 0);
  bytes.writeDoubleBE(record.expiresAtMs, STAMP_BYTES);
  bytes.writeUInt16BE(keyBytes, STAMP_BYTES + 8);
  bytes.write(record.key, HEADER_BYTES);
  bytes.set(record.state, HEADER_BYTES + keyBytes);
  return bytes;
}

/** Views into `bytes`, no copies. */
export function decodeState(bytes: Buffer): StateRecord {
  const body = HEADER_BYTES + bytes.readUInt16BE(STAMP_BYTES + 8);
  return {
    stamp: bytes.subarray(0, STAMP_BYTES),
    expiresAtMs: bytes.readDoubleBE(STAMP_BYTES),
    key: bytes.toString('utf8', HEADER_BYTES, body),
    state: bytes.subarray(body),
  };
}
