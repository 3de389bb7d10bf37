/** Where the `.avsc` files are and what is made of them. */
import avro from 'avsc';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { boundedType } from './avro/bounded-type.js';
import { parsingCanonicalForm } from './canonical.js';
import { crc64Avro } from './crc64.js';

/** A schema, ready to read and write with. */
export interface WireSchema {
  /** File name without `.avsc`, below the folder of schemas: `tool-call`, `old/tool-call.1`. */
  name: string;
  /** The parsed file. */
  json: unknown;
  type: avro.Type;
  /** CRC-64-AVRO of the Parsing Canonical Form, as it stands on the wire. */
  fingerprint: Buffer;
}

/** The folder `schemas/` of this installation. */
export function schemasFolder(): string {
  return dirname(createRequire(import.meta.url).resolve('#schemas/tool-call.avsc'));
}

/** Gives every type with a body the `Record.field` it stands at, for messages. */
function withPlaces(schema: unknown, at: string): unknown {
  if (Array.isArray(schema)) return schema.map((branch) => withPlaces(branch, at));
  if (typeof schema !== 'object' || schema === null) return schema;
  const object = { ...schema, 'x-at': at } as Record<string, unknown>;
  if (object.type === 'record') {
    const fields = object.fields as { name: string; type: unknown }[];
    object.fields = fields.map((field) => ({
      ...field,
      type: withPlaces(field.type, `${String(object.name)}.${field.name}`),
    }));
  }
  if ('items' in object) object.items = withPlaces(object.items, `${at}[]`);
  if ('values' in object) object.values = withPlaces(object.values, `${at}{}`);
  return object;
}

/** Reads one schema file. Throws when it is missing or no valid schema: a defect of the installation. */
export function loadSchema(name: string, folder = schemasFolder()): WireSchema {
  const json: unknown = JSON.parse(readFileSync(join(folder, `${name}.avsc`), 'utf8'));
  const type = avro.Type.forSchema(withPlaces(json, name) as avro.Schema, {
    // Explicit, not by avsc's guess: nullable fields and facts are the bare values.
    wrapUnions: 'never',
    typeHook: boundedType,
  });
  return { name, json, type, fingerprint: crc64Avro(Buffer.from(parsingCanonicalForm(json))) };
}

/** Schemas that `name` was written with before, `old/<name>.<n>.avsc`: readable for ever, never written again. */
export function loadOldSchemas(name: string, folder = schemasFolder()): WireSchema[] {
  const old = join(folder, 'old');
  if (!existsSync(old)) return [];
  return readdirSync(old)
    .filter((file) => file.startsWith(`${name}.`) && file.endsWith('.avsc'))
    .sort()
    .map((file) => loadSchema(join('old', file.slice(0, -'.avsc'.length)), folder));
}

/**
 * Ids of a Confluent schema registry whose records are to be read too: a JSON object from id to schema name.
 * Throws when the file is unreadable or an id is no unsigned 32-bit number.
 */
export function loadConfluentIds(path = join(schemasFolder(), 'confluent-ids.json')): Map<number, string> {
  const ids = new Map<number, string>();
  for (const [key, name] of Object.entries(
    JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>,
  )) {
    const id = Number(key);
    if (!Number.isInteger(id) || id < 0 || id > 0xffffffff || typeof name !== 'string') {
      throw new TypeError(
        `${path}: expected "<id>": "<schema name>", got ${JSON.stringify(key)}: ${JSON.stringify(name)}`,
      );
    }
    ids.set(id, name);
  }
  return ids;
}
