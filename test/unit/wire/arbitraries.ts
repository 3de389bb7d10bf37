/** Records out of the schemas themselves: whatever a schema allows, fast-check finds. */
import * as fc from 'fast-check';
import { clipText } from '#activity/types';
import { readSchema, type Schema, type SchemaObject } from './schemas.js';

const EARLIEST_MS = Date.UTC(2020, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1) - 1;
/** Long lists cost time and find nothing that short ones do not; limits have tests of their own. */
const ITEMS_MAX = 4;
const TEXT_MAX = 60;

function text(schema: SchemaObject): fc.Arbitrary<string> {
  return fc.string({ unit: 'grapheme', maxLength: TEXT_MAX }).map((drawn) => {
    const cut = clipText(drawn, schema['x-max-bytes'] ?? TEXT_MAX);
    const isAllowed = cut !== '' || (schema['x-min-bytes'] ?? 0) === 0;
    return isAllowed && !(schema['x-name'] && cut === '__proto__') ? cut : 'x';
  });
}

function whole(schema: SchemaObject): fc.Arbitrary<number> {
  if (schema.logicalType === 'timestamp-millis') return fc.integer({ min: EARLIEST_MS, max: LATEST_MS });
  const bounds = {
    min: schema['x-min'] ?? Number.MIN_SAFE_INTEGER,
    max: schema['x-max'] ?? Number.MAX_SAFE_INTEGER,
  };
  return fc.oneof(
    fc.maxSafeNat().map((n) => Math.min(Math.max(n, bounds.min), bounds.max)),
    fc.integer({ min: bounds.min, max: 300 }),
  );
}

function named(schema: SchemaObject, names: Map<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  if (schema.symbols) return fc.constantFrom(...schema.symbols.map((symbol) => symbol.replaceAll('_', '-')));
  if (schema.type === 'fixed') {
    return fc
      .uint8Array({ minLength: schema.size!, maxLength: schema.size! })
      .map((bytes) => Buffer.from(bytes).toString('hex'));
  }
  const fields = schema.fields!.map((field) => [field.name, arbitraryOf(field.type, names)] as const);
  return fc.record(Object.fromEntries(fields), { noNullPrototype: true });
}

function arbitraryOf(schema: Schema, names: Map<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> {
  if (Array.isArray(schema)) return fc.oneof(...schema.map((branch) => arbitraryOf(branch, names)));
  const object = typeof schema === 'string' ? { type: schema } : schema;
  switch (object.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'string':
      return text(object);
    case 'long':
      return whole(object);
    case 'double':
      return fc.double({ noNaN: true, noDefaultInfinity: true, min: object['x-min'], max: object['x-max'] });
    case 'bytes':
      return fc.uint8Array({ maxLength: TEXT_MAX }).map((bytes) => Buffer.from(bytes));
    case 'array':
      return fc.array(arbitraryOf(object.items!, names), {
        maxLength: Math.min(ITEMS_MAX, object['x-max-items']!),
      });
    case 'record':
    case 'enum':
    case 'fixed': {
      const made = named(object, names);
      names.set(object.name!, made);
      return made;
    }
    default:
      return names.get(object.type)!;
  }
}

/** Any record that `schemas/<name>.avsc` allows. */
export function anyRecord(name: string): fc.Arbitrary<Record<string, unknown>> {
  return arbitraryOf(readSchema(name), new Map()) as fc.Arbitrary<Record<string, unknown>>;
}
