/**
 * avsc trusts the bytes it reads and the limits of our schemas are only words to it. These types read, write and check the
 * same Avro bytes as the ones they extend, and refuse what is over a limit while reading, before anything is allocated.
 * They also give the values the shape the code uses: plain objects, fingerprints as hex, `third_party` as `third-party`.
 *
 * They override avsc's internal methods (`_read`, `_write`, `_skip`, `_check`), whose contract is pinned with the version:
 * compiled record readers call `_read(tap)` of each field, resolvers copy `_read` and may call it on another `this`.
 */
import avro from 'avsc';
import { isUtf8 } from 'node:buffer';
import { DecodeError, type WireCode } from './errors.js';

/** avsc's cursor over a buffer. Reading past the end leaves `pos` behind it and never throws by itself. */
interface Tap {
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
type Hook = ((value: unknown, type: object) => void) | undefined;

/** What is behind avsc's published typings. */
interface Inner {
  _read(tap: Tap): unknown;
  _write(tap: Tap, value: unknown): void;
  _skip(tap: Tap): void;
  _check(value: unknown, flags: unknown, hook: Hook, path: string[]): boolean;
}

/** Attributes of a schema that these types act on. Sizes are UTF-8 bytes. */
interface Attributes {
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

/** First and last millisecond that can be a time of ours: 2020-01-01 up to, and without, 2100-01-01. */
const EARLIEST_MS = Date.UTC(2020, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1) - 1;

/** Thrown while writing; the codec then lists every problem by checking the whole value. */
export class Unwritable extends Error {}

/** One thing a type of ours can say about itself: what it takes, for messages. */
export function expectation(type: object): string {
  return 'expects' in type && typeof type.expects === 'function' ? String(type.expects()) : 'another type';
}

function refuse(tap: Tap, code: WireCode, at: string, message: string): never {
  if (tap.pos > tap.buf.length) throw new DecodeError('DL_WIRE_TRUNCATED', `${at}: the bytes end inside it`);
  throw new DecodeError(code, `${at}: ${message}`);
}

/** Moves past `length` bytes that must be there. */
function advance(tap: Tap, length: number, at: string): number {
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
function blockCount(tap: Tap, at: string): number {
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

/** Node 20 has it; the ES2023 typings do not. */
const isWellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed();

function forbiddenName(name: string): boolean {
  return name === '__proto__';
}

/** Text within its size, valid UTF-8 both ways; names never reach a prototype. */
function stringType(attributes: Attributes): avro.Type {
  const { 'x-at': at = 'text', 'x-min-bytes': min = 0, 'x-max-bytes': max = Infinity } = attributes;
  const isName = attributes['x-name'] === true;
  const fits = (value: string): boolean => {
    // A UTF-16 unit takes at most three bytes: short texts need no count.
    if (value.length * 3 > max && Buffer.byteLength(value) > max) return false;
    if (min > 0 && Buffer.byteLength(value) < min) return false;
    return isWellFormed(value) && !(isName && forbiddenName(value));
  };
  class BoundedString extends avro.types.StringType {
    expects(): string {
      return `text of ${min} to ${max} bytes${isName ? ', not `__proto__`' : ''}, without lone surrogates`;
    }
    _read(tap: Tap): string {
      const length = tap.readLong();
      if (!(length >= min && length <= max)) {
        refuse(tap, 'DL_WIRE_LIMIT', at, `text of ${length} bytes, ${min} to ${max} are allowed`);
      }
      const start = advance(tap, length, at);
      const text = (tap.buf as BufferSlices).utf8Slice(start, tap.pos);
      if (text.includes('\uFFFD') && !isUtf8(tap.buf.subarray(start, tap.pos))) {
        refuse(tap, 'DL_WIRE_TEXT', at, 'text that is not UTF-8');
      }
      if (isName && forbiddenName(text))
        refuse(tap, 'DL_WIRE_KEY', at, 'the name `__proto__` is not allowed');
      return text;
    }
    _skip(tap: Tap): void {
      advance(tap, tap.readLong(), at);
    }
    _check(value: unknown, _flags: unknown, hook: Hook): boolean {
      const ok = typeof value === 'string' && fits(value);
      if (!ok) hook?.(value, this);
      return ok;
    }
    _write(tap: Tap, value: unknown): void {
      if (typeof value !== 'string' || !fits(value)) throw new Unwritable();
      tap.writeString(value);
    }
  }
  return new BoundedString();
}

/** Node's slices without argument checks, which `toString` ends in as well. */
type BufferSlices = Buffer & {
  utf8Slice(start: number, end: number): string;
  hexSlice(start: number, end: number): string;
};

/** Whole numbers in their range, at most ±(2^53 − 1); `timestamp-millis` are times from 2020 up to 2100. */
function longType(attributes: Attributes): avro.Type {
  const isTime = attributes.logicalType === 'timestamp-millis';
  const at = attributes['x-at'] ?? 'number';
  const min = isTime ? EARLIEST_MS : (attributes['x-min'] ?? Number.MIN_SAFE_INTEGER);
  const max = isTime ? LATEST_MS : (attributes['x-max'] ?? Number.MAX_SAFE_INTEGER);
  const code: WireCode = isTime ? 'DL_WIRE_TIME' : 'DL_WIRE_LIMIT';
  const fits = (value: unknown): boolean =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
  class BoundedLong extends avro.types.LongType {
    expects(): string {
      return isTime
        ? 'whole milliseconds since the epoch, from 2020 up to 2100'
        : `a whole number from ${min} to ${max}`;
    }
    _read(tap: Tap): number {
      const value = tap.readLong();
      if (!(value >= min && value <= max))
        refuse(tap, code, at, `${value} where ${this.expects()} is expected`);
      return value;
    }
    _check(value: unknown, _flags: unknown, hook: Hook): boolean {
      const ok = fits(value);
      if (!ok) hook?.(value, this);
      return ok;
    }
    _write(tap: Tap, value: unknown): void {
      if (!fits(value)) throw new Unwritable();
      tap.writeLong(value as number);
    }
  }
  return new BoundedLong();
}

/** Finite numbers in their range. */
function doubleType(attributes: Attributes): avro.Type {
  const {
    'x-at': at = 'number',
    'x-min': min = -Number.MAX_VALUE,
    'x-max': max = Number.MAX_VALUE,
  } = attributes;
  const fits = (value: unknown): boolean => typeof value === 'number' && value >= min && value <= max;
  class BoundedDouble extends avro.types.DoubleType {
    expects(): string {
      return `a finite number from ${min} to ${max}`;
    }
    _read(tap: Tap): number {
      const value = tap.readDouble();
      if (!fits(value)) refuse(tap, 'DL_WIRE_LIMIT', at, `${value} where ${this.expects()} is expected`);
      return value;
    }
    _check(value: unknown, _flags: unknown, hook: Hook): boolean {
      const ok = fits(value);
      if (!ok) hook?.(value, this);
      return ok;
    }
    _write(tap: Tap, value: unknown): void {
      if (!fits(value)) throw new Unwritable();
      tap.writeDouble(value as number);
    }
  }
  return new BoundedDouble();
}

/** Byte strings within their size. Any Uint8Array is taken, a Buffer of its own is given. */
function bytesType(attributes: Attributes): avro.Type {
  const { 'x-at': at = 'bytes', 'x-max-bytes': max = Infinity } = attributes;
  const fits = (value: unknown): boolean => value instanceof Uint8Array && value.length <= max;
  class BoundedBytes extends avro.types.BytesType {
    expects(): string {
      return `a byte array of at most ${max} bytes`;
    }
    _read(tap: Tap): Buffer {
      const length = tap.readLong();
      if (!(length >= 0 && length <= max)) {
        refuse(tap, 'DL_WIRE_LIMIT', at, `${length} bytes, at most ${max} are allowed`);
      }
      const start = advance(tap, length, at);
      return Buffer.from(tap.buf.subarray(start, tap.pos));
    }
    _skip(tap: Tap): void {
      advance(tap, tap.readLong(), at);
    }
    _check(value: unknown, _flags: unknown, hook: Hook): boolean {
      const ok = fits(value);
      if (!ok) hook?.(value, this);
      return ok;
    }
    _write(tap: Tap, value: unknown): void {
      if (!fits(value)) throw new Unwritable();
      const bytes = value as Uint8Array;
      tap.writeLong(bytes.length);
      if (bytes.length > 0)
        tap.writeFixed(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length), bytes.length);
    }
  }
  return new BoundedBytes();
}

/** Value of a lower-case hex digit by its character code; -1 = none. */
const NIBBLES = new Int8Array(128).fill(-1);
for (let digit = 0; digit < 16; digit += 1) NIBBLES[digit.toString(16).charCodeAt(0)] = digit;
const nibble = (text: string, index: number): number => NIBBLES[text.charCodeAt(index)] ?? -1;

/** Raw bytes on the wire, twice as many lower-case hex digits in code. */
function hexType(attributes: Attributes, options: unknown): avro.Type {
  const at = attributes['x-at'] ?? 'fingerprint';
  const size = attributes.size!;
  const fits = (value: unknown): value is string => {
    if (typeof value !== 'string' || value.length !== size * 2) return false;
    for (let index = 0; index < value.length; index += 1) if (nibble(value, index) < 0) return false;
    return true;
  };
  class HexFixed extends avro.types.FixedType {
    expects(): string {
      return `${size * 2} lower-case hex digits`;
    }
    _read(tap: Tap): string {
      const start = advance(tap, size, at);
      return (tap.buf as BufferSlices).hexSlice(start, tap.pos);
    }
    _check(value: unknown, _flags: unknown, hook: Hook): boolean {
      const ok = fits(value);
      if (!ok) hook?.(value, this);
      return ok;
    }
    _write(tap: Tap, value: unknown): void {
      if (typeof value !== 'string' || value.length !== size * 2) throw new Unwritable();
      for (let index = 0; index < size; index += 1) {
        const byte = (nibble(value, index * 2) << 4) | nibble(value, index * 2 + 1);
        if (byte < 0) throw new Unwritable();
        tap.buf[tap.pos + index] = byte;
      }
      tap.pos += size;
    }
  }
  return new HexFixed(attributes as unknown as avro.Schema, options);
}

/** Enum whose symbols, which Avro allows no hyphen, are written with one in code: `third_party` is `third-party`. */
function enumType(attributes: Attributes, options: unknown): avro.Type {
  const at = attributes['x-at'] ?? 'enum';
  const words = attributes.symbols!.map((symbol) => symbol.replaceAll('_', '-'));
  const indices = new Map(words.map((word, index) => [word, index]));
  const wordAt = (tap: Tap, list: readonly (string | undefined)[]): string =>
    list[tap.readLong()] ?? refuse(tap, 'DL_WIRE_MALFORMED', at, 'an enum symbol that does not exist');
  class HyphenEnum extends avro.types.EnumType {
    expects(): string {
      return `one of ${words.join(', ')}`;
    }
    _read(tap: Tap): string {
      return wordAt(tap, words);
    }
    _check(value: unknown, _flags: unknown, hook: Hook): boolean {
      const ok = indices.has(value as string);
      if (!ok) hook?.(value, this);
      return ok;
    }
    _write(tap: Tap, value: unknown): void {
      const index = indices.get(value as string);
      if (index === undefined) throw new Unwritable();
      tap.writeLong(index);
    }
    /** Defaults of fields: symbols as the schema has them. */
    _copy(value: string): string {
      return value.replaceAll('_', '-');
    }
    /** Reads another version of this enum: a symbol that is unknown here becomes the default, if there is one. */
    _update(
      resolver: { _read: (tap: Tap) => string },
      writer: avro.types.EnumType & { default?: string },
    ): void {
      const fallback = (this as unknown as { default?: string }).default?.replaceAll('_', '-');
      const read = (writer.symbols ?? []).map((symbol) => {
        const word = symbol.replaceAll('_', '-');
        return indices.has(word) ? word : fallback;
      });
      if (writer.typeName !== 'enum' || read.includes(undefined)) return;
      resolver._read = (tap) => wordAt(tap, read);
    }
  }
  return new HyphenEnum(attributes as unknown as avro.Schema, options);
}

/** Arrays that cannot say more items than there are bytes, or than their limit. */
function arrayType(attributes: Attributes, options: unknown): avro.Type {
  const { 'x-at': at = 'list', 'x-max-items': max = Infinity } = attributes;
  class BoundedArray extends avro.types.ArrayType {
    expects(): string {
      return `a list of at most ${max} items`;
    }
    _read(this: { itemsType: Inner }, tap: Tap): unknown[] {
      const items = this.itemsType;
      const out: unknown[] = [];
      for (let count = blockCount(tap, at); count > 0; count = blockCount(tap, at)) {
        if (out.length + count > max) refuse(tap, 'DL_WIRE_LIMIT', at, `more than the ${max} items allowed`);
        for (; count > 0; count -= 1) out.push(items._read(tap));
      }
      return out;
    }
    _skip(tap: Tap): void {
      const items = this.itemsType as unknown as Inner;
      for (let count = blockCount(tap, at); count > 0; count = blockCount(tap, at)) {
        for (; count > 0; count -= 1) items._skip(tap);
      }
    }
    _check(value: unknown, flags: unknown, hook: Hook, path: string[]): boolean {
      if (!Array.isArray(value) || value.length > max) {
        hook?.(value, this);
        return false;
      }
      const items = this.itemsType as unknown as Inner;
      let ok = true;
      value.forEach((item, index) => {
        path?.push(String(index));
        ok = items._check(item, flags, hook, path) && ok;
        path?.pop();
      });
      return ok;
    }
    _write(tap: Tap, value: unknown): void {
      if (!Array.isArray(value) || value.length > max) throw new Unwritable();
      const items = this.itemsType as unknown as Inner;
      if (value.length > 0) {
        tap.writeLong(value.length);
        for (const item of value) items._write(tap, item);
      }
      tap.writeLong(0);
    }
  }
  return new BoundedArray(attributes as unknown as avro.Schema, options);
}

/** Maps as objects without a prototype, bounded like arrays. */
function mapType(attributes: Attributes, options: unknown): avro.Type {
  const { 'x-at': at = 'map', 'x-max-items': max = Infinity } = attributes;
  const keys = stringType({ type: 'string', 'x-at': `${at} key`, 'x-name': true }) as unknown as Inner;
  const fits = (value: unknown): value is Record<string, unknown> =>
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length <= max;
  class BoundedMap extends avro.types.MapType {
    expects(): string {
      return `an object of at most ${max} entries, none of them \`__proto__\``;
    }
    _read(this: { valuesType: Inner }, tap: Tap): Record<string, unknown> {
      const out = Object.create(null) as Record<string, unknown>;
      let total = 0;
      for (let count = blockCount(tap, at); count > 0; count = blockCount(tap, at)) {
        total += count;
        if (total > max) refuse(tap, 'DL_WIRE_LIMIT', at, `more than the ${max} entries allowed`);
        for (; count > 0; count -= 1) {
          const key = keys._read(tap) as string;
          out[key] = this.valuesType._read(tap);
        }
      }
      return out;
    }
    _skip(tap: Tap): void {
      const values = this.valuesType as Inner;
      for (let count = blockCount(tap, at); count > 0; count = blockCount(tap, at)) {
        for (; count > 0; count -= 1) {
          keys._skip(tap);
          values._skip(tap);
        }
      }
    }
    _check(value: unknown, flags: unknown, hook: Hook, path: string[]): boolean {
      if (!fits(value)) {
        hook?.(value, this);
        return false;
      }
      let ok = true;
      for (const [key, item] of Object.entries(value)) {
        path?.push(key);
        ok =
          keys._check(key, flags, hook, path) &&
          (this.valuesType as Inner)._check(item, flags, hook, path) &&
          ok;
        path?.pop();
      }
      return ok;
    }
    _write(tap: Tap, value: unknown): void {
      if (!fits(value)) throw new Unwritable();
      const entries = Object.entries(value);
      if (entries.length > 0) {
        tap.writeLong(entries.length);
        for (const [key, item] of entries) {
          keys._write(tap, key);
          (this.valuesType as Inner)._write(tap, item);
        }
      }
      tap.writeLong(0);
    }
  }
  return new BoundedMap(attributes as unknown as avro.Schema, options);
}

/** `["null", X]`, the one union nearly every field of ours uses: null or the bare value, one byte to tell. */
function nullableType(branches: unknown[], options: unknown): avro.Type {
  class Nullable extends avro.types.UnwrappedUnionType {
    expects(): string {
      return 'null or a value';
    }
    _read(tap: Tap): unknown {
      const branch = tap.buf[tap.pos];
      tap.pos += 1;
      if (branch === 0) return null;
      if (branch === 2) return inner._read(tap);
      return refuse(tap, 'DL_WIRE_MALFORMED', 'union', `branch ${branch} of a value that is null or not`);
    }
    _skip(tap: Tap): void {
      const branch = tap.buf[tap.pos];
      tap.pos += 1;
      if (branch === 2) inner._skip(tap);
      else if (branch !== 0)
        refuse(tap, 'DL_WIRE_MALFORMED', 'union', `branch ${branch} of a value that is null or not`);
    }
    _check(value: unknown, flags: unknown, hook: Hook, path: string[]): boolean {
      return value === null || inner._check(value, flags, hook, path);
    }
    _write(tap: Tap, value: unknown): void {
      tap.writeLong(value === null ? 0 : 1);
      if (value !== null) inner._write(tap, value);
    }
  }
  const union = new Nullable(branches as unknown as avro.Schema, options);
  const inner = union.types[1] as unknown as Inner;
  return union;
}

/** avsc's record with the one internal that this file replaces. */
const RecordType = avro.types.RecordType as unknown as new (
  schema: unknown,
  options: unknown,
) => avro.Type & {
  _createConstructor(errorStacks: boolean, plain: boolean): { prototype: unknown };
};

/** Records that decode to plain objects, so that they are equal to literals and carry no methods. */
class PlainRecord extends RecordType {
  override _createConstructor(): { prototype: unknown } {
    const construct = super._createConstructor(false, true);
    construct.prototype = Object.prototype;
    return construct;
  }
}

/** avsc's `typeHook`: our type for this schema, or undefined to let avsc make its own. */
export function boundedType(schema: unknown, options: unknown): avro.Type | undefined {
  if (Array.isArray(schema)) {
    return schema.length === 2 && schema[0] === 'null' ? nullableType(schema, options) : undefined;
  }
  const attributes = (typeof schema === 'string' ? { type: schema } : schema) as Attributes;
  switch (attributes.type) {
    case 'string':
      return stringType(attributes);
    case 'long':
      return longType(attributes);
    case 'double':
      return doubleType(attributes);
    case 'bytes':
      return bytesType(attributes);
    case 'fixed':
      return attributes['x-hex'] ? hexType(attributes, options) : undefined;
    case 'enum':
      return enumType(attributes, options);
    case 'array':
      return arrayType(attributes, options);
    case 'map':
      return mapType(attributes, options);
    case 'record':
      return new PlainRecord(schema, options);
    default:
      return undefined;
  }
}
