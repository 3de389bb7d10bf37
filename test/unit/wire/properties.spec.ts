/** What holds for every record and for all bytes. Failures print fast-check's seed and path. */
import { createCodec, decodeActivity, DecodeError, EncodeError, LIMITS, type Codec } from '#activity';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyRecord } from './arbitraries.js';
import { RECORDS } from './schemas.js';

/** The promise: any bytes become a record or a typed error within this time. */
const DECODE_MS_MAX = 5;
/** A busy machine stalls a run now and then; a slow decoder is slow every time. */
const ATTEMPTS = 4;

const codecs = new Map<string, Codec<Record<string, unknown>>>(
  RECORDS.map((name) => [name, createCodec(name, { maxBytes: 1_048_576 })]),
);

/** Decodes, and fails on anything but a value or a `DecodeError`, or when the fastest of some attempts is too slow. */
function decodes(codec: Pick<Codec<unknown>, 'decode'>, bytes: Uint8Array): 'record' | DecodeError {
  let outcome: 'record' | DecodeError = 'record';
  let fastestMs = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && fastestMs > DECODE_MS_MAX; attempt += 1) {
    const start = performance.now();
    try {
      codec.decode(bytes);
    } catch (error) {
      if (!(error instanceof DecodeError) || !error.code.startsWith('DL_WIRE_')) throw error;
      outcome = error;
    }
    fastestMs = Math.min(fastestMs, performance.now() - start);
  }
  if (fastestMs > DECODE_MS_MAX) throw new Error(`took ${fastestMs.toFixed(1)} ms for ${bytes.length} bytes`);
  return outcome;
}

/** Changes valid bytes in one of the ways that memory, networks and attackers do. */
const mutation = fc.tuple(
  fc.constantFrom('set', 'insert', 'delete', 'truncate', 'repeat' as const),
  fc.nat(),
  fc.uint8Array({ minLength: 1, maxLength: 12 }),
);
function mutate(bytes: Buffer, [how, where, noise]: [string, number, Uint8Array]): Buffer {
  // The header stays, so that the decoder gets to see the damage.
  const at = 10 + (where % Math.max(1, bytes.length - 10));
  const head = bytes.subarray(0, at);
  switch (how) {
    case 'set':
      return Buffer.concat([head, noise, bytes.subarray(at + noise.length)]);
    case 'insert':
      return Buffer.concat([head, noise, bytes.subarray(at)]);
    case 'delete':
      return Buffer.concat([head, bytes.subarray(at + noise.length)]);
    case 'repeat':
      return Buffer.concat([head, bytes.subarray(at), bytes.subarray(at)]);
    default:
      return head;
  }
}

/** Whether `encode` refused it and said why, or `decode` takes it. */
function refusedOrReadable(codec: Codec<Record<string, unknown>>, record: Record<string, unknown>): boolean {
  let bytes: Buffer;
  try {
    bytes = codec.encode(record);
  } catch (error) {
    return error instanceof EncodeError && error.problems.length > 0;
  }
  return decodes(codec, bytes) === 'record';
}

describe.each(RECORDS)('%s', (name) => {
  const codec = codecs.get(name)!;

  it('comes back as it went out', () => {
    fc.assert(
      fc.property(anyRecord(name), (record) => {
        expect(codec.problems(record)).toStrictEqual([]);
        expect(codec.decode(codec.encode(record))).toStrictEqual(record);
      }),
    );
  });

  it('survives damage: a record or a typed error, in time', () => {
    fc.assert(
      fc.property(
        anyRecord(name),
        fc.array(mutation, { minLength: 1, maxLength: 3 }),
        (record, mutations) => {
          const damaged = mutations.reduce<Buffer>(mutate, codec.encode(record));
          expect(decodes(codec, damaged)).toBeDefined();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('survives any bytes behind its header', () => {
    const header = codec.encode(fc.sample(anyRecord(name), 1)[0]!).subarray(0, 10);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3_000 }), (bytes) => {
        expect(decodes(codec, Buffer.concat([header, bytes]))).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });

  it('is refused when it ends early, wherever', () => {
    const bytes = codec.encode(fc.sample(anyRecord(name), { numRuns: 1, seed: 7 })[0]!);
    for (let length = 0; length < bytes.length; length += 1) {
      expect(decodes(codec, bytes.subarray(0, length)), `cut to ${length} bytes`).toBeInstanceOf(DecodeError);
    }
  });

  it('is written only when it can be read: what encode takes, decode takes', () => {
    const odd = fc.oneof(
      fc.anything(),
      fc.constantFrom<unknown>(
        NaN,
        Infinity,
        -1,
        2 ** 53,
        0.5,
        '__proto__',
        'constructor',
        '\ud800',
        'x'.repeat(300_000),
        [null],
      ),
    );
    fc.assert(
      fc.property(anyRecord(name), fc.nat(), odd, (record, which, value) => {
        const fields = Object.keys(record);
        const changed = { ...record, [fields[which % fields.length]!]: value };
        expect(refusedOrReadable(codec, changed)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});

describe('any bytes at all', () => {
  it('become a record or a typed error, in time', () => {
    const start = fc.constantFrom(
      Buffer.alloc(0),
      Buffer.from([0xc3]),
      Buffer.from([0xc3, 1]),
      Buffer.from([0]),
      Buffer.from([0, 0, 0, 0, 1]),
    );
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 500 }), (head, tail) => {
        expect(decodes({ decode: decodeActivity }, Buffer.concat([head, tail]))).toBeInstanceOf(DecodeError);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([0x00, 0x01, 0x02, 0x7f, 0x80, 0x81, 0xfe, 0xff])(
    'as long as a record may be, all 0x%x, are no work',
    (byte) => {
      for (const [name, codec] of codecs) {
        const header = codec.encode(fc.sample(anyRecord(name), 1)[0]!).subarray(0, 10);
        expect(
          decodes(codec, Buffer.concat([header, Buffer.alloc(LIMITS.messageBytes - 10, byte)])),
        ).toBeDefined();
      }
    },
  );
});
