/** The schema files hold what the code relies on. */
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { EFFECTS, LEVELS, LIMITS, RESPONSES, VALUE_KINDS } from '#activity/types';
import { describe, expect, it } from 'vitest';
import { readSchema, RECORDS, walk, type Field, type Schema, type SchemaObject } from './schemas.js';

const folder = dirname(createRequire(import.meta.url).resolve('#schemas/tool-call.avsc'));
const files = readdirSync(folder)
  .filter((name) => name.endsWith('.avsc'))
  .map((name) => name.slice(0, -'.avsc'.length));

/** Fewest bytes a value can take: what the bound on block counts rests on. */
function fewestBytes(schema: Schema, sizes: Map<string, number>): number {
  if (Array.isArray(schema)) return 1;
  if (typeof schema === 'string') return schema === 'null' ? 0 : (sizes.get(schema) ?? 1);
  if (schema.type === 'record') {
    const size = schema.fields!.reduce((sum, field) => sum + fewestBytes(field.type, sizes), 0);
    sizes.set(schema.name!, size);
    return size;
  }
  if (schema.type === 'fixed') sizes.set(schema.name!, schema.size!);
  return schema.type === 'fixed' ? schema.size! : 1;
}

describe.each(files)('%s.avsc', (name) => {
  const schema = readSchema(name);

  it('says what everything is', () => {
    const silent = [...walk(schema, name)].flatMap(({ schema: part, at }) => {
      const object = part as SchemaObject;
      const mute = (object.fields ?? []).filter((field) => !field.doc).map((field) => `${at}.${field.name}`);
      return ['record', 'enum', 'fixed'].includes(object.type) && !object.doc ? [at, ...mute] : mute;
    });
    expect(silent).toStrictEqual([]);
  });

  it('has no items that take no bytes', () => {
    const sizes = new Map<string, number>();
    fewestBytes(schema, sizes);
    const empty = [...walk(schema, name)].filter(({ schema: part }) => {
      const { items, values } = part as SchemaObject;
      return [items, values].some((item) => item !== undefined && fewestBytes(item, sizes) === 0);
    });
    expect(empty).toStrictEqual([]);
  });

  it('wraps no union that code would have to unwrap', () => {
    const unions = [...walk(schema, name)].filter(({ schema: part }) => Array.isArray(part));
    const odd = unions.filter(({ schema: part, at }) => {
      const branches = part as Schema[];
      return !(branches.length === 2 && branches[0] === 'null') && !at.endsWith('facts[].value');
    });
    expect(odd).toStrictEqual([]);
  });
});

describe('schemas of records on topics', () => {
  it.each(RECORDS)('%s limits every text and list', (name) => {
    const unlimited = [...walk(readSchema(name), name)].filter(({ schema: part }) => {
      const object = typeof part === 'string' ? { type: part } : (part as SchemaObject);
      const limit = object.type === 'array' ? 'x-max-items' : 'x-max-bytes';
      return ['string', 'bytes', 'array'].includes(object.type) && !Number.isInteger(object[limit]);
    });
    expect(unlimited).toStrictEqual([]);
  });

  it('begin alike when they are activities', () => {
    const heads = RECORDS.slice(0, 10).map((name) =>
      readSchema(name)
        .fields!.slice(0, 14)
        .map((field) => field.name),
    );
    expect(new Set(heads.map(String)).size).toBe(1);
    expect(heads[0]).toStrictEqual(
      'type id tenant agent assurance principal actors time source instance sequence pending task conversation'.split(
        ' ',
      ),
    );
  });

  it('know the same words as the types', () => {
    const words = (record: string, enumName: string): string[] =>
      [...walk(readSchema(record), record)]
        .map((part) => part.schema as SchemaObject)
        .find((part) => part.name === enumName)!
        .symbols!.map((symbol) => symbol.replaceAll('_', '-'));
    expect(words('tool-call', 'Effect')).toStrictEqual([...EFFECTS]);
    expect(words('tool-call', 'ValueKind')).toStrictEqual([...VALUE_KINDS]);
    expect(words('alert', 'Level')).toStrictEqual([...LEVELS]);
    expect(words('alert', 'Response')).toStrictEqual([...RESPONSES]);
  });

  it.each<[string, string, number]>([
    ['tool-call', 'id', LIMITS.idBytes],
    ['tool-call', 'tenant', LIMITS.tenantBytes],
    ['tool-call', 'agent', LIMITS.agentBytes],
    ['tool-call', 'principal', LIMITS.agentBytes],
    ['tool-call', 'actors', LIMITS.actors],
    ['tool-call', 'source', LIMITS.sourceBytes],
    ['tool-call', 'conversation', LIMITS.conversationBytes],
    ['tool-call', 'method', LIMITS.methodBytes],
    ['tool-call', 'server', LIMITS.serverBytes],
    ['tool-call', 'tool', LIMITS.toolBytes],
    ['tool-call', 'dataClasses', LIMITS.dataClasses],
    ['tool-call', 'dataClasses[]', LIMITS.dataClassBytes],
    ['tool-call', 'resource', LIMITS.resourceBytes],
    ['tool-call', 'facts', LIMITS.facts],
    ['tool-call', 'facts[].name', LIMITS.factNameBytes],
    ['tool-call', 'facts[].value', LIMITS.factTextBytes],
    ['tool-call', 'values', LIMITS.values],
    ['tool-call', 'values[].at', LIMITS.valueAtBytes],
    ['tool-call', 'toolDigest', LIMITS.digestBytes],
    ['tool-call', 'reason', LIMITS.reasonCodeBytes],
    ['task-started', 'intent', LIMITS.intentBytes],
    ['task-started', 'scope.tools', LIMITS.scopeItems],
    ['task-started', 'exposure', LIMITS.exposure],
    ['task-started', 'exposure[].name', LIMITS.dataClassBytes],
    ['context-checked', 'evidence', LIMITS.shownEvidence],
    ['context-checked', 'by', LIMITS.personBytes],
    ['tools-listed', 'tools', LIMITS.listedTools],
    ['revocation', 'evidence', LIMITS.evidence],
    ['revocation', 'evidence[].key', LIMITS.evidenceKeyBytes],
    ['revocation', 'evidence[].tags.asi', LIMITS.tags],
    ['revocation', 'reason', LIMITS.textBytes],
    ['alert', 'title', LIMITS.alertTitleBytes],
    ['alert', 'explanation', LIMITS.alertTextBytes],
    ['dead-letter', 'value', LIMITS.deadLetterValueBytes],
    ['dead-letter', 'key', LIMITS.deadLetterKeyBytes],
  ])('%s: %s is limited as the code says', (record, place, limit) => {
    const bounds = [...walk(readSchema(record), '')]
      .filter((part) => part.at === `.${place}` && typeof part.schema === 'object')
      .map(
        (part) =>
          (part.schema as SchemaObject)['x-max-bytes'] ?? (part.schema as SchemaObject)['x-max-items'],
      )
      .filter((bound) => bound !== undefined);
    expect(bounds).toStrictEqual([limit]);
  });

  it('give a default to every field but those a record is nothing without', () => {
    const bare = (fields: Field[]): string[] =>
      fields.filter((field) => field.default === undefined).map((field) => field.name);
    expect(bare(readSchema('tool-call').fields!)).toStrictEqual(
      'type id tenant agent assurance time source instance callId method server tool effect effectSource decision basis'.split(
        ' ',
      ),
    );
  });
});
