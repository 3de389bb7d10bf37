import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { labelDataClasses } from './labels.js';

const file = new URL('../../../test/cases/observation/labels.json', import.meta.url);
const cases = JSON.parse(readFileSync(file, 'utf8')) as { text?: string; json?: unknown; labels: string[] }[];

describe('labelDataClasses', () => {
  it.each(cases)('$text$json', ({ text, json, labels }) => {
    expect(labelDataClasses(text ?? json)).toEqual(labels);
  });

  it('reads the whole text', () => {
    const text = `${'Nothing to see here. '.repeat(50_000)}AKIAIOSFODNN7EXAMPLE and DE89 3704 0044 0532 0130 00.`;
    expect(labelDataClasses(text)).toEqual(['credential', 'financial', 'pii']);
  });
});
