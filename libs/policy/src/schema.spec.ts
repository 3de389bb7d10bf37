import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { policyJsonSchema } from './json-schema.js';

describe('schemas/policy.schema.json', () => {
  it('is what the schema in code says now', () => {
    const path = createRequire(import.meta.url).resolve('../../../schemas/policy.schema.json');
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(JSON.parse(policyJsonSchema()));
  });
});
