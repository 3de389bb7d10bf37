/** How a record lies in LMDB: key = partition id and offset, value = time, headers, key and value in one buffer. */
import type { LogRecord } from '../port.js';

/** u32 partition id, u64 offset, big endian: keys sort by partition, then offset. */
export function recordKey(partitionId: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(12);
  key.writeUInt32BE(partitionId, 0);
  key.writeUInt32BE(Math.floor(offset / 2 ** 32), 4);
  key.writeUInt32BE(offset >>> 0, 8);
  return key;
}

export const offsetOfKey = (key: Buffer): number => key.readUInt32BE(4) * 2 ** 32 + key.readUInt32BE(8);

const HAS_VALUE = 1;
const FORMAT = 1;
/** format u8, flags u8, append time u48, headers u16, key length u32. */
const FIXED_BYTES = 14;

export interface StoredRecord {
  appendTimeMs: number;
  key: Buffer;
  value: Buffer | null;
  headers: readonly (readonly [Buffer, Buffer])[];
}

export function encodeRecord(record: StoredRecord): Buffer {
  const headerBytes = record.headers.reduce((sum, [name, text]) => sum + 6 + name.length + text.length, 0);
  const size = FIXED_BYTES + headerBytes + record.key.length + (record.value?.length ?? 0);
  const out = Buffer.allocUnsafe(size);
  out.writeUInt8(FORMAT, 0);
  out.writeUInt8(record.value === null ? 0 : HAS_VALUE, 1);
  out.writeUIntBE(record.appendTimeMs, 2, 6);
  out.writeUInt16BE(record.headers.length, 8);
  out.writeUInt32BE(record.key.length, 10);
  let at = FIXED_BYTES;
  for (const [name, text] of record.headers) {
    at = out.writeUInt16BE(name.length, at);
    at = out.writeUInt32BE(text.length, at);
    at += name.copy(out, at);
    at += text.copy(out, at);
  }
  at += record.key.copy(out, at);
  record.value?.copy(out, at);
  return out;
}

export function decodeRecord(topic: string, partition: number, offset: number, stored: Buffer): LogRecord {
  if (stored.readUInt8(0) !== FORMAT)
    throw new Error(
      `${topic}/${partition} at ${offset}: record format ${stored[0]}, this version reads ${FORMAT}`,
    );
  const headers: Record<string, string> = {};
  let at = FIXED_BYTES;
  for (let left = stored.readUInt16BE(8); left > 0; left -= 1) {
    const nameEnd = at + 6 + stored.readUInt16BE(at);
    const textEnd = nameEnd + stored.readUInt32BE(at + 2);
    headers[stored.toString('utf8', at + 6, nameEnd)] = stored.toString('utf8', nameEnd, textEnd);
    at = textEnd;
  }
  const keyEnd = at + stored.readUInt32BE(10);
  return {
    topic,
    partition,
    offset,
    appendTimeMs: stored.readUIntBE(2, 6),
    key: stored.subarray(at, keyEnd),
    value: stored.readUInt8(1) & HAS_VALUE ? stored.subarray(keyEnd) : null,
    headers,
  };
}

/** Key and kind of a stored record without decoding the rest, for compaction. */
export function keyOfStored(stored: Buffer): { key: string; tombstone: boolean; appendTimeMs: number } {
  let at = FIXED_BYTES;
  for (let left = stored.readUInt16BE(8); left > 0; left -= 1)
    at += 6 + stored.readUInt16BE(at) + stored.readUInt32BE(at + 2);
  return {
    key: stored.toString('latin1', at, at + stored.readUInt32BE(10)),
    tombstone: (stored.readUInt8(1) & HAS_VALUE) === 0,
    appendTimeMs: stored.readUIntBE(2, 6),
  };
}
