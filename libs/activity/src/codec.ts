/**
 * Bytes ↔ records. Written: Avro single-object encoding. Read: that and Confluent framing, any schema of this record that
 * was ever written. Whatever the bytes are, `decode` gives a record or a `DecodeError`, in well under 5 ms.
 */
import type avro from 'avsc';
import { expectation, Unwritable } from './avro/tap.js';
import { DecodeError, EncodeError } from './errors.js';
import { loadConfluentIds, loadOldSchemas, loadSchema, type WireSchema } from './schemas.js';
import { LIMITS } from './types.js';

/** Single-object marker `C3 01`, then eight bytes of fingerprint. */
const HEADER_BYTES = 10;
/** Confluent's magic byte 0, then four bytes of id, big-endian. */
const CONFLUENT_BYTES = 5;
/** Problems listed in one message: enough to act on, never a page. */
const PROBLEMS_MAX = 8;

export interface Codec<T> {
  /** Single-object bytes. Throws `EncodeError`, listing what readers would refuse. */
  encode(record: T): Buffer;
  /** Throws `DecodeError` and nothing else. The result shares no memory with `bytes`. */
  decode(bytes: Uint8Array): T;
  /** What `encode` would refuse, `path: what is wrong`; empty when nothing. */
  problems(record: T): string[];
}

export interface CodecOptions {
  /** Largest encoded record, in bytes, header included. */
  maxBytes?: number;
  /** File of Confluent ids; `schemas/confluent-ids.json` when absent. */
  confluentIds?: string;
  /** Folder of schemas, for tests of evolution; the installation's when absent. */
  schemas?: string;
}

/** How to read what one schema wrote. */
interface Reader {
  type: avro.Type;
  resolver: ReturnType<avro.Type['createResolver']> | undefined;
  /** The two halves of the fingerprint, as signed 32-bit numbers: those need no allocation to look up. */
  low: number;
  high: number;
}

/** Shared by all codecs: encoding never leaves it half written, and the result is copied out. */
let scratch = Buffer.allocUnsafeSlow(LIMITS.messageBytes + HEADER_BYTES);

function readerFor(written: WireSchema, current: WireSchema): Reader {
  return {
    type: current.type,
    resolver: written === current ? undefined : current.type.createResolver(written.type),
    low: written.fingerprint.readInt32LE(0),
    high: written.fingerprint.readInt32LE(4),
  };
}

/** The readers of one or more records, by what stands before the body. */
export class Readers {
  readonly #byLow = new Map<number, Reader>();
  readonly #byId = new Map<number, Reader>();

  constructor(
    private readonly what: string,
    readonly maxBytes: number,
  ) {}

  add(reader: Reader): void {
    const other = this.#byLow.get(reader.low);
    // Looking up by half a fingerprint is exact only while no two schemas share it; with a few dozen none ever has.
    if (other && other.high !== reader.high)
      throw new Error(`${this.what}: two schemas share half a fingerprint`);
    this.#byLow.set(reader.low, reader);
  }

  addId(id: number, reader: Reader): void {
    this.#byId.set(id, reader);
  }

  addAll(other: Readers): void {
    for (const reader of other.#byLow.values()) this.add(reader);
    for (const [id, reader] of other.#byId) this.addId(id, reader);
  }

  decode(bytes: Uint8Array): unknown {
    const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    if (buffer.length > this.maxBytes) {
      throw new DecodeError(
        'DL_WIRE_OVERSIZE',
        `${this.what}: ${buffer.length} bytes, at most ${this.maxBytes} are allowed`,
      );
    }
    if (buffer[0] === 0xc3 && buffer[1] === 0x01 && buffer.length >= HEADER_BYTES) {
      const low = buffer[2]! | (buffer[3]! << 8) | (buffer[4]! << 16) | (buffer[5]! << 24);
      const high = buffer[6]! | (buffer[7]! << 8) | (buffer[8]! << 16) | (buffer[9]! << 24);
      const reader = this.#byLow.get(low);
      if (reader !== undefined && reader.high === high) return this.#body(reader, buffer, HEADER_BYTES);
    }
    return this.#unusual(buffer);
  }

  /** Everything that is not one of our own records: Confluent framing, or an error. */
  #unusual(buffer: Buffer): unknown {
    if (buffer.length === 0) throw new DecodeError('DL_WIRE_EMPTY', `${this.what}: no bytes`);
    if (buffer[0] === 0 && buffer.length >= CONFLUENT_BYTES) {
      const id = buffer.readUInt32BE(1);
      const reader = this.#byId.get(id);
      if (reader) return this.#body(reader, buffer, CONFLUENT_BYTES);
      throw new DecodeError(
        'DL_WIRE_SCHEMA',
        `${this.what}: Confluent id ${id} is not in the list of ids for it`,
      );
    }
    if (buffer[0] === 0xc3 && buffer[1] === 0x01 && buffer.length >= HEADER_BYTES) {
      const fingerprint = Buffer.from(buffer.subarray(2, HEADER_BYTES)).reverse().toString('hex');
      throw new DecodeError(
        'DL_WIRE_SCHEMA',
        `${this.what}: no schema of it has the fingerprint ${fingerprint}`,
      );
    }
    const start = buffer.subarray(0, HEADER_BYTES).toString('hex');
    throw new DecodeError(
      'DL_WIRE_FRAMING',
      `${this.what}: starts with ${start}; expected c301 and a fingerprint, or 00 and a Confluent id`,
    );
  }

  #body(reader: Reader, buffer: Buffer, start: number): unknown {
    let result: { value: unknown; offset: number };
    try {
      result = reader.type.decode(buffer, start, reader.resolver as never);
    } catch (error) {
      if (error instanceof DecodeError) throw error;
      // avsc's own errors and the TypeErrors of its readers: kafkajs would stop for good on the latter.
      throw new DecodeError('DL_WIRE_MALFORMED', `${this.what}: ${(error as Error).message}`, {
        cause: error,
      });
    }
    if (result.offset === -1)
      throw new DecodeError('DL_WIRE_TRUNCATED', `${this.what}: the bytes end inside it`);
    if (result.offset !== buffer.length) {
      throw new DecodeError(
        'DL_WIRE_TRAILING',
        `${this.what}: ${buffer.length - result.offset} bytes after its end`,
      );
    }
    return result.value;
  }
}

/** What a value is, for messages: never all of it. */
function brief(value: unknown): string {
  if (typeof value === 'string')
    return `${JSON.stringify(value.slice(0, 40))} (${Buffer.byteLength(value)} bytes)`;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object' && value !== null)
    return `an object with ${Object.keys(value).slice(0, 4).join(', ')}`;
  return String(value);
}

function problemsOf(type: avro.Type, record: unknown): string[] {
  const problems: string[] = [];
  type.isValid(record, {
    errorHook: (path, value, expected) => {
      problems.push(`${path.join('.') || 'record'}: expected ${expectation(expected)}, got ${brief(value)}`);
    },
  });
  return problems;
}

class SchemaCodec<T> implements Codec<T> {
  readonly readers: Readers;
  readonly #schema: WireSchema;
  readonly #header: Buffer;

  constructor(name: string, options: CodecOptions) {
    const folder = options.schemas;
    this.#schema = loadSchema(name, folder);
    this.#header = Buffer.concat([Buffer.from([0xc3, 0x01]), this.#schema.fingerprint]);
    this.readers = new Readers(name, options.maxBytes ?? LIMITS.messageBytes);
    const readers = new Map([[name, readerFor(this.#schema, this.#schema)]]);
    for (const old of loadOldSchemas(name, folder)) readers.set(old.name, readerFor(old, this.#schema));
    for (const reader of readers.values()) this.readers.add(reader);
    for (const [id, written] of loadConfluentIds(options.confluentIds)) {
      const reader = readers.get(written);
      if (reader) this.readers.addId(id, reader);
    }
    if (scratch.length < this.readers.maxBytes) scratch = Buffer.allocUnsafeSlow(this.readers.maxBytes);
  }

  encode(record: T): Buffer {
    let end: number;
    try {
      end = this.#schema.type.encode(record, scratch, HEADER_BYTES);
    } catch (error) {
      throw this.#refusal(record, error);
    }
    const { maxBytes } = this.readers;
    if (end < 0 || end > maxBytes) {
      const size = end < 0 ? scratch.length - end : end;
      const problem = `record: ${size} bytes encoded, at most ${maxBytes} are allowed`;
      throw new EncodeError('DL_WIRE_OVERSIZE', `${this.#schema.name}: ${problem}`, [problem]);
    }
    const bytes = Buffer.allocUnsafe(end);
    scratch.copy(bytes, HEADER_BYTES, HEADER_BYTES, end);
    this.#header.copy(bytes, 0);
    return bytes;
  }

  decode(bytes: Uint8Array): T {
    return this.readers.decode(bytes) as T;
  }

  problems(record: T): string[] {
    return problemsOf(this.#schema.type, record);
  }

  #refusal(record: T, error: unknown): EncodeError {
    const problems = problemsOf(this.#schema.type, record);
    if (problems.length === 0 && !(error instanceof Unwritable))
      problems.push(`record: ${(error as Error).message}`);
    const shown = problems.slice(0, PROBLEMS_MAX).join('; ');
    const more = problems.length > PROBLEMS_MAX ? `; and ${problems.length - PROBLEMS_MAX} more` : '';
    return new EncodeError('DL_WIRE_INVALID', `${this.#schema.name}: ${shown}${more}`, problems, {
      cause: error,
    });
  }
}

/**
 * The codec of `schemas/<name>.avsc`. Make it once, at start: schemas are compiled, from our own files only.
 * Throws when a file is missing or wrong, or when an old schema can no longer be read.
 */
export function createCodec<T>(name: string, options: CodecOptions = {}): Codec<T> {
  return new SchemaCodec<T>(name, options);
}

/**
 * One codec for several records with a `type`: reads any of them, writes by `type`.
 * `schemas` maps each `type` to its schema's name.
 */
export function createUnionCodec<T extends { type: string }>(
  what: string,
  schemas: Readonly<Record<T['type'], string>>,
  options: CodecOptions = {},
): Codec<T> {
  const members = new Map<string, SchemaCodec<T>>();
  const readers = new Readers(what, options.maxBytes ?? LIMITS.messageBytes);
  for (const [type, name] of Object.entries<string>(schemas)) {
    const member = new SchemaCodec<T>(name, options);
    members.set(type, member);
    readers.addAll(member.readers);
  }
  const member = (record: T): SchemaCodec<T> => {
    const found = members.get(record.type);
    if (found) return found;
    const problem = `type: expected one of ${[...members.keys()].join(', ')}, got ${brief(record.type)}`;
    throw new EncodeError('DL_WIRE_INVALID', `${what}: ${problem}`, [problem]);
  };
  return {
    encode: (record) => member(record).encode(record),
    decode: (bytes) => readers.decode(bytes) as T,
    problems: (record) =>
      members.has(record.type) ? member(record).problems(record) : [`type: ${brief(record.type)} is none`],
  };
}
