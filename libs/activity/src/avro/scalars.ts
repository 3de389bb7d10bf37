/** Bounded text, numbers, byte strings, fingerprints and enums. */
import avro from 'avsc';
import { isUtf8 } from 'node:buffer';
import type { WireCode } from '../errors.js';
import { KeptTexts } from './kept-texts.js';
import {
  advance,
  refuse,
  Unwritable,
  type Attributes,
  type BufferSlices,
  type Hook,
  type Tap,
} from './tap.js';

/** First and last millisecond that can be a time of ours: 2020-01-01 up to, and without, 2100-01-01. */
const EARLIEST_MS = Date.UTC(2020, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1) - 1;

/** Node 20 has it; the ES2023 typings do not. */
const isWellFormed = (text: string): boolean => (text as string & { isWellFormed(): boolean }).isWellFormed();

function forbiddenName(name: string): boolean {
  return name === '__proto__';
}

/** Text within its size, valid UTF-8 both ways; names never reach a prototype. */
export function stringType(attributes: Attributes): avro.Type {
  const { 'x-at': at = 'text', 'x-min-bytes': min = 0, 'x-max-bytes': max = Infinity } = attributes;
  const isName = attributes['x-name'] === true;
  const kept = new KeptTexts();
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
      const bytes = tap.buf as BufferSlices;
      const known = kept.find(bytes, start, tap.pos);
      if (known !== null) return known;
      const text = bytes.utf8Slice(start, tap.pos);
      if (text.includes('\uFFFD') && !isUtf8(tap.buf.subarray(start, tap.pos))) {
        refuse(tap, 'DL_WIRE_TEXT', at, 'text that is not UTF-8');
      }
      if (isName && forbiddenName(text))
        refuse(tap, 'DL_WIRE_KEY', at, 'the name `__proto__` is not allowed');
      kept.keep(text, bytes, start, tap.pos);
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

/** Whole numbers in their range, at most ±(2^53 − 1); `timestamp-millis` are times from 2020 up to 2100. */
export function longType(attributes: Attributes): avro.Type {
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
export function doubleType(attributes: Attributes): avro.Type {
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
export function bytesType(attributes: Attributes): avro.Type {
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
export function hexType(attributes: Attributes, options: unknown): avro.Type {
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
export function enumType(attributes: Attributes, options: unknown): avro.Type {
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
