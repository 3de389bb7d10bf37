/** What the tests of the wire know about `schemas/*.avsc`: the files as JSON, and a walk over them. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** Every record on a topic; the agent's state is the core's. */
export const RECORDS = [
  'tool-call',
  'tool-result',
  'task-started',
  'task-ended',
  'context-checked',
  'revocation-lifted',
  'tools-listed',
  'policy-activated',
  'verdict-given',
  'tick',
  'revocation',
  'lift',
  'alert',
  'gateway-registered',
  'gateway-heartbeat',
  'gateway-left',
  'enforcement',
  'dead-letter',
  'audit',
] as const;

export interface Field {
  name: string;
  type: Schema;
  doc?: string;
  default?: unknown;
}
export interface SchemaObject {
  type: string;
  name?: string;
  doc?: string;
  logicalType?: string;
  fields?: Field[];
  symbols?: string[];
  items?: Schema;
  values?: Schema;
  size?: number;
  'x-min-bytes'?: number;
  'x-max-bytes'?: number;
  'x-max-items'?: number;
  'x-min'?: number;
  'x-max'?: number;
  'x-hex'?: boolean;
  'x-name'?: boolean;
}
export type Schema = string | Schema[] | SchemaObject;

export function readSchema(name: string): SchemaObject {
  return JSON.parse(readFileSync(require.resolve(`#schemas/${name}.avsc`), 'utf8')) as SchemaObject;
}

/** Every schema in `schema`, itself first, with the place it stands at. */
export function* walk(schema: Schema, at: string): Generator<{ schema: Schema; at: string }> {
  yield { schema, at };
  if (typeof schema === 'string') return;
  if (Array.isArray(schema)) {
    for (const branch of schema) yield* walk(branch, at);
    return;
  }
  for (const field of schema.fields ?? []) yield* walk(field.type, `${at}.${field.name}`);
  if (schema.items !== undefined) yield* walk(schema.items, `${at}[]`);
  if (schema.values !== undefined) yield* walk(schema.values, `${at}{}`);
}
