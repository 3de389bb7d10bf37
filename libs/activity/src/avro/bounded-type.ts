/**
 * avsc trusts the bytes it reads and the limits of our schemas are only words to it. These types read, write and check the
 * same Avro bytes as the ones they extend, and refuse what is over a limit while reading, before anything is allocated.
 * They also give the values the shape the code uses: plain objects, fingerprints as hex, `third_party` as `third-party`.
 *
 * They override avsc's internal methods (`_read`, `_write`, `_skip`, `_check`), whose contract is pinned with the version:
 * compiled record readers call `_read(tap)` of each field, resolvers copy `_read` and may call it on another `this`.
 */
import avro from 'avsc';
import { arrayType, mapType, nullableType } from './collections.js';
import { bytesType, doubleType, enumType, hexType, longType, stringType } from './scalars.js';
import type { Attributes } from './tap.js';

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
