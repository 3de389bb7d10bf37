/** A record within the limits of its fields is within the limit of records: a reporter that cuts fields is never refused. */
import {
  createCodec,
  decodeActivity,
  decodeAlert,
  decodeDeadLetter,
  decodeGatewayReport,
  decodeRevocation,
  encodeActivity,
  encodeAlert,
  encodeDeadLetter,
  encodeGatewayReport,
  encodeRevocation,
  type Codec,
} from '#activity';
import { describe, expect, it } from 'vitest';
import { readSchema, RECORDS, type Schema, type SchemaObject } from './schemas.js';

const LATEST_MS = Date.UTC(2100, 0, 1) - 1;

/** The value of a schema that takes most bytes. */
function largest(schema: Schema, names: Map<string, unknown>): unknown {
  if (Array.isArray(schema)) return largest(schema[0] === 'null' ? schema[1]! : schema[0]!, names);
  const object: SchemaObject = typeof schema === 'string' ? { type: schema } : schema;
  const made = ((): unknown => {
    switch (object.type) {
      case 'string':
        return 'x'.repeat(object['x-max-bytes']!);
      case 'long':
        return object.logicalType ? LATEST_MS : (object['x-max'] ?? Number.MAX_SAFE_INTEGER);
      case 'double':
        return object['x-max'] ?? Number.MAX_VALUE;
      case 'boolean':
        return true;
      case 'bytes':
        return Buffer.alloc(object['x-max-bytes']!);
      case 'enum':
        return object.symbols!.at(-1)!.replaceAll('_', '-');
      case 'fixed':
        return 'ff'.repeat(object.size!);
      case 'array':
        return Array.from({ length: object['x-max-items']! }, () => largest(object.items!, names));
      case 'record':
        return Object.fromEntries(object.fields!.map((field) => [field.name, largest(field.type, names)]));
      default:
        return names.get(object.type);
    }
  })();
  if (object.name !== undefined) names.set(object.name, made);
  return made;
}

/** The codec of a topic's records, with the limit that is used on that topic. */
function codecOf(name: string): Pick<Codec<unknown>, 'encode' | 'decode'> {
  const type = String(readSchema(name).fields![0]!.name);
  if (name === 'revocation')
    return { encode: (record) => encodeRevocation(record as never), decode: decodeRevocation };
  if (name === 'alert') return { encode: (record) => encodeAlert(record as never), decode: decodeAlert };
  if (name.startsWith('gateway') || name === 'enforcement') {
    return { encode: (record) => encodeGatewayReport(record as never), decode: decodeGatewayReport };
  }
  if (type === 'type') return { encode: (record) => encodeActivity(record as never), decode: decodeActivity };
  if (name === 'dead-letter')
    return { encode: (record) => encodeDeadLetter(record as never), decode: decodeDeadLetter };
  return createCodec(name);
}

describe('the largest record', () => {
  it.each(RECORDS)('%s is written and read', (name) => {
    const record = largest(readSchema(name), new Map());
    const codec = codecOf(name);
    const bytes = codec.encode(record);
    expect(codec.decode(bytes)).toStrictEqual(record);
    const fastestMs = Math.min(
      ...Array.from({ length: 5 }, () => {
        const start = performance.now();
        codec.decode(bytes);
        return performance.now() - start;
      }),
    );
    expect(fastestMs).toBeLessThan(5);
  });
});
