import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parsingCanonicalForm } from './canonical.js';
import { createCodec } from './codec.js';
import { crc64Avro } from './crc64.js';

interface Vector {
  input: unknown;
  canonical: string;
  /** Signed 64-bit decimal, null where the specification's file gives none. */
  fingerprint: string | null;
}
/** Apache Avro, share/test/data/schema-tests.txt: the cases every implementation is checked with. */
const vectors = JSON.parse(
  readFileSync(new URL('../../../test/cases/wire/avro-schema-tests.json', import.meta.url), 'utf8'),
) as Vector[];

const signed = (fingerprint: Buffer): string => fingerprint.readBigInt64LE().toString();

describe("the Avro specification's vectors", () => {
  it('are all here', () => expect(vectors).toHaveLength(34));

  it.each(vectors)('canonical form $canonical', ({ input, canonical }) => {
    expect(parsingCanonicalForm(input)).toBe(canonical);
  });

  it.each(vectors.filter((vector) => vector.fingerprint !== null))(
    'fingerprint $fingerprint',
    ({ canonical, fingerprint }) => {
      expect(signed(crc64Avro(Buffer.from(canonical)))).toBe(fingerprint);
    },
  );

  it('the fingerprint of nothing is the empty one', () => {
    expect(crc64Avro(Buffer.alloc(0)).readBigUInt64LE().toString(16)).toBe('c15d213aa4d7a795');
  });

  it('"int" has the single-object header of the specification', () => {
    expect(crc64Avro(Buffer.from('"int"')).toString('hex')).toBe('8f5c393f1ad57572');
  });
});

describe('our records', () => {
  it('begin with C3 01 and the fingerprint of their schema', () => {
    const json: unknown = JSON.parse(
      readFileSync(new URL('../../../schemas/lift.avsc', import.meta.url), 'utf8'),
    );
    const lift = { revocation: 'r', tenant: 't', by: 'b', reason: '', at: Date.UTC(2026, 0, 1), cause: '' };
    const header = createCodec<typeof lift>('lift').encode(lift).subarray(0, 10);
    expect(header).toStrictEqual(
      Buffer.concat([Buffer.from([0xc3, 1]), crc64Avro(Buffer.from(parsingCanonicalForm(json)))]),
    );
  });
});
