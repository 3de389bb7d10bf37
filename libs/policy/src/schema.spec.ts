import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { caseJsonSchema, policyJsonSchema } from './json-schema.js';

const schemaFile = (name: string): unknown =>
  JSON.parse(readFileSync(createRequire(import.meta.url).resolve(`../../../schemas/${name}`), 'utf8'));

describe('schemas for editors', () => {
  it('say what the schemas in code say now', () => {
    expect(schemaFile('policy.schema.json')).toEqual(JSON.parse(policyJsonSchema()));
    expect(schemaFile('policy-test.schema.json')).toEqual(JSON.parse(caseJsonSchema()));
  });
});
