/**
 * Parsing Canonical Form of the Avro 1.12 specification: what two schemas have in common when they mean the same bytes.
 * Docs, defaults, aliases and our own `x-…` limits are not part of it, so tightening a limit keeps the fingerprint.
 */

const PRIMITIVES = new Set(['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string']);

interface SchemaObject {
  type: unknown;
  name?: string;
  namespace?: string;
  fields?: { name: string; type: unknown }[];
  symbols?: string[];
  items?: unknown;
  values?: unknown;
  size?: number | string;
}

function fullName(name: string, namespace: string): string {
  return name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
}

function canonicalNamed(schema: SchemaObject, enclosing: string): string {
  const full = fullName(schema.name ?? '', schema.namespace ?? enclosing);
  const namespace = full.includes('.') ? full.slice(0, full.lastIndexOf('.')) : '';
  const head = `{"name":${JSON.stringify(full)},"type":${JSON.stringify(schema.type)}`;
  if (schema.fields) {
    const fields = schema.fields.map(
      (field) => `{"name":${JSON.stringify(field.name)},"type":${canonical(field.type, namespace)}}`,
    );
    return `${head},"fields":[${fields.join(',')}]}`;
  }
  if (schema.symbols) return `${head},"symbols":${JSON.stringify(schema.symbols)}}`;
  return `${head},"size":${Number(schema.size)}}`;
}

function canonical(schema: unknown, namespace: string): string {
  if (typeof schema === 'string') {
    return JSON.stringify(PRIMITIVES.has(schema) ? schema : fullName(schema, namespace));
  }
  if (Array.isArray(schema)) return `[${schema.map((branch) => canonical(branch, namespace)).join(',')}]`;
  const object = schema as SchemaObject;
  switch (object.type) {
    case 'record':
    case 'error':
    case 'enum':
    case 'fixed':
      return canonicalNamed(object, namespace);
    case 'array':
      return `{"type":"array","items":${canonical(object.items, namespace)}}`;
    case 'map':
      return `{"type":"map","values":${canonical(object.values, namespace)}}`;
    default:
      return canonical(object.type, namespace);
  }
}

/** The Parsing Canonical Form of a parsed schema. The schema must be a valid one. */
export function parsingCanonicalForm(schema: unknown): string {
  return canonical(schema, '');
}
