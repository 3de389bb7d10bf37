/**
 * Records on disk while the log is away: numbered files, each a run of framed records, each record checked by CRC so
 * that a torn end after a crash is recognised and ignored (it was never acknowledged).
 */
import {
  closeSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { AppendRecord } from '#stream';
import { GatewayError } from '../errors.js';
import { SPOOL_FILE_BYTES, SPOOL_MAX_BYTES } from '../limits.js';
import { CODES } from '../mcp/message.js';

/** Per record: bytes of its head and of its value (−1 = none), and the CRC of both. */
const FRAME_BYTES = 12;
const FILE = /^(\d{12})\.spool$/;

export class SpoolFiles {
  private readonly directory: string;
  private next: number;
  private open: { name: string; file: number; bytes: number } | null = null;
  private total: number;

  /** What an earlier run left is kept and comes first. */
  constructor(directory: string) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.directory = directory;
    const names = this.names();
    this.next = names.length === 0 ? 1 : Number(FILE.exec(names.at(-1)!)![1]) + 1;
    this.total = names.reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
  }

  /** Bytes waiting. */
  get bytes(): number {
    return this.total;
  }

  /** On disk and synced when this returns. Throws `GatewayError` `spool` when it is full or the disk refuses. */
  write(records: AppendRecord[]): void {
    const bytes = Buffer.concat(records.map(frame));
    if (this.total + bytes.length > SPOOL_MAX_BYTES) {
      throw new GatewayError(
        'spool',
        CODES.internal,
        `The spool holds ${this.total} bytes, its limit is ${SPOOL_MAX_BYTES}`,
      );
    }
    try {
      const open = this.current();
      writeSync(open.file, bytes);
      fdatasyncSync(open.file);
      open.bytes += bytes.length;
      this.total += bytes.length;
    } catch (error) {
      throw new GatewayError('spool', CODES.internal, `The spool cannot be written: ${String(error)}`, {
        cause: error,
      });
    }
  }

  /** The oldest file and its records, null when nothing waits. It is not written to any more. */
  oldest(): { name: string; records: AppendRecord[] } | null {
    const [name] = this.names();
    if (name === undefined) return null;
    if (this.open?.name === name) this.closeCurrent();
    return { name, records: parse(readFileSync(join(this.directory, name))) };
  }

  /** Its records are on the log. */
  remove(name: string): void {
    const path = join(this.directory, name);
    this.total -= statSync(path).size;
    rmSync(path);
  }

  close(): void {
    this.closeCurrent();
  }

  private current(): { name: string; file: number; bytes: number } {
    if (this.open && this.open.bytes >= SPOOL_FILE_BYTES) this.closeCurrent();
    if (this.open) return this.open;
    const name = `${String(this.next).padStart(12, '0')}.spool`;
    this.next += 1;
    this.open = { name, file: openSync(join(this.directory, name), 'a', 0o600), bytes: 0 };
    syncDirectory(this.directory);
    return this.open;
  }

  private closeCurrent(): void {
    if (this.open) closeSync(this.open.file);
    this.open = null;
  }

  private names(): string[] {
    return readdirSync(this.directory)
      .filter((name) => FILE.test(name))
      .sort();
  }
}

function frame(record: AppendRecord): Buffer {
  const head = Buffer.from(
    JSON.stringify({ key: record.key, partition: record.partition, headers: record.headers }),
  );
  const value = record.value ?? Buffer.alloc(0);
  const frame = Buffer.alloc(FRAME_BYTES);
  frame.writeUInt32LE(head.length, 0);
  frame.writeInt32LE(record.value === null ? -1 : value.length, 4);
  frame.writeUInt32LE(crc32(value, crc32(head)), 8);
  return Buffer.concat([frame, head, value]);
}

function parse(bytes: Buffer): AppendRecord[] {
  const records: AppendRecord[] = [];
  let at = 0;
  while (at + FRAME_BYTES <= bytes.length) {
    const headBytes = bytes.readUInt32LE(at);
    const valueBytes = bytes.readInt32LE(at + 4);
    const headEnd = at + FRAME_BYTES + headBytes;
    const end = headEnd + Math.max(0, valueBytes);
    if (end > bytes.length) break;
    const head = bytes.subarray(at + FRAME_BYTES, headEnd);
    const value = bytes.subarray(headEnd, end);
    if (crc32(value, crc32(head)) !== bytes.readUInt32LE(at + 8)) break;
    records.push({
      ...(JSON.parse(head.toString('utf8')) as AppendRecord),
      value: valueBytes < 0 ? null : value,
    });
    at = end;
  }
  return records;
}

/** The name of a new file is durable only when its directory is. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fdatasyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
