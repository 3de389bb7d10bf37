/** What the types of this folder share: avsc's cursor, the attributes of our schemas, and how reading is refused. */
import { DecodeError, type WireCode } from '../errors.js';

/** avsc's cursor over a buffer. Reading past the end leaves `pos` behind it and never throws by itself. */
export interface Tap {
  buf: Buffer;
  pos: number;
  readLong(): number;
  skipLong(): void;
  writeLong(value: number): void;
  writeString(value: string): void;
  readDouble(): number;
  writeDouble(value: number): void;
  readFixed(length: number): Buffer;
  writeFixed(value: Uint8Array, length: number): void;
}

/** Called with a value that does not fit and the type it was meant for. */
export type Hook = ((value: unknown, type: object) => void) | undefined;

/** What is behind avsc's published typings. */
export interface Inner {
  _read(tap: Tap): unknown;
  _write(tap: Tap, value: unknown): void;
  _skip(tap: Tap): void;
  _check(value: unknown, flags: unknown, hook: Hook, path: string[]): boolean;
}

/** Attributes of a schema that these types act on. Sizes are UTF-8 bytes. */
export interface Attributes {
  type: string;
  logicalType?: string;
  symbols?: string[];
  size?: number;
  /** `Record.field`, put there when the schema is loaded, for messages. */
  'x-at'?: string;
  'x-min-bytes'?: number;
  'x-max-bytes'?: number;
  'x-max-items'?: number;
  'x-min'?: number;
  'x-max'?: number;
  /** A fixed that is lower-case hex digits in code. */
  'x-hex'?: boolean;
  /** Text that code may use as a key of an object. */
  'x-name'?: boolean;
}

/** Thrown while writing; the codec then lists every problem by checking the whole value. */
export class Unwritable extends Error {}

/** One thing a type of ours can say about itself: what it takes, for messages. */
export function expectation(type: object): string {
  return 'expects' in type && typeof type.expects === 'function' ? String(type.expects()) : 'another type';
}

export function refuse(tap: Tap, code: WireCode, at: string, message: string): never {
  if (tap.pos > tap.buf.length) throw new DecodeError('DL_WIRE_TRUNCATED', `${at}: the bytes end inside it`);
  throw new DecodeError(code, `${at}: ${message}`);
}

/** Moves past `length` bytes that must be there. */
export function advance(tap: Tap, length: number, at: string): number {
  const start = tap.pos;
  if (!(length >= 0 && length <= tap.buf.length - start)) {
    throw new DecodeError(
      'DL_WIRE_TRUNCATED',
      `${at}: says ${length} bytes, ${tap.buf.length - start} are left`,
    );
  }
  tap.pos = start + length;
  return start;
}

/** Items in the next block. Our items take at least a byte each (a test holds that), so more items than bytes is a bomb. */
export function blockCount(tap: Tap, at: string): number {
  let count = tap.readLong();
  const negative = count < 0;
  if (negative) count = -count;
  const size = negative ? tap.readLong() : 0;
  const left = tap.buf.length - tap.pos;
  if (!(count <= left && size >= 0 && size <= left)) {
    refuse(tap, 'DL_WIRE_BOMB', at, `says ${count} items in ${size} bytes, ${left} bytes are left`);
  }
  return count;
}

/** Node's slices without argument checks, which `toString` ends in as well. */
export type BufferSlices = Buffer & {
  utf8Slice(start: number, end: number): string;
  hexSlice(start: number, end: number): string;
};
