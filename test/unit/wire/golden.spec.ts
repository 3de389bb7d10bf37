/** Bytes that were once written must be readable for ever. How to add some: `test/golden/add.mjs`. */
import { readdirSync, readFileSync } from 'node:fs';
import { createCodec, crc64Avro, parsingCanonicalForm } from '#activity';
import { describe, expect, it } from 'vitest';
import { readSchema, RECORDS } from './schemas.js';

const MAX_BYTES = 1_048_576;
const golden = new URL('../../golden/', import.meta.url);
const reviveBytes = (_key: string, value: unknown): unknown =>
  value !== null && typeof value === 'object' && '$hex' in value
    ? Buffer.from(String(value.$hex), 'hex')
    : value;

const cases = readdirSync(golden)
  .filter((name) => /^v\d+$/.test(name))
  .flatMap((version) =>
    readdirSync(new URL(`${version}/`, golden))
      .filter((name) => name.endsWith('.json'))
      .map((name) => `${version}/${name.slice(0, -'.json'.length)}`),
  )
  .map((name) => {
    const { schema, record } = JSON.parse(
      readFileSync(new URL(`${name}.json`, golden), 'utf8'),
      reviveBytes,
    ) as {
      schema: string;
      record: Record<string, unknown>;
    };
    return { name, schema, record };
  });
const bytesOf = (name: string): Buffer => readFileSync(new URL(`${name}.bin`, golden));

describe('golden bytes', () => {
  it.each(cases)('$name decodes to its record', ({ name, schema, record }) => {
    expect(createCodec(schema, { maxBytes: MAX_BYTES }).decode(bytesOf(name))).toMatchObject(record);
  });

  it.each([...RECORDS, 'agent-state'])('hold the current schema of %s', (schema) => {
    const fingerprint = crc64Avro(Buffer.from(parsingCanonicalForm(readSchema(schema))));
    const current = cases.filter(
      (one) => one.schema === schema && bytesOf(one.name).subarray(2, 10).equals(fingerprint),
    );
    const codec = createCodec<Record<string, unknown>>(schema, { maxBytes: MAX_BYTES });
    expect(current.length, 'no golden bytes of the current schema: see test/golden/add.mjs').toBeGreaterThan(
      0,
    );
    expect(current.map((one) => codec.encode(one.record))).toStrictEqual(
      current.map((one) => bytesOf(one.name)),
    );
  });
});
