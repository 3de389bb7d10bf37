import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { Fingerprinter } from './fingerprint.js';
import { classifyWhole } from './kinds.js';
import { plainText } from './chars.js';
import { VALUES_VERSION } from './normal.js';

const document = readFileSync(new URL('../../../schemas/values.md', import.meta.url), 'utf8');
const key = Buffer.from(/Key `([0-9a-f]{64})`/.exec(document)![1]!, 'hex');
const fingerprinter = new Fingerprinter({ version: 1, key });

const vectors = document
  .slice(document.indexOf('## Test vectors'))
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim().replace(/^`|`$/g, '')))
  .map(([, text, kind, family, normal, print]) => ({
    text: text!.replaceAll('\\u200b', '\u200b'),
    expected: kind === '–' ? null : { kind, family, normal, print },
  }));

describe('schemas/values.md', () => {
  it('is the version that this code speaks', () => {
    expect(document).toContain(`Version ${VALUES_VERSION} of the normal forms`);
    expect(vectors.length).toBeGreaterThan(40);
  });

  it.each(vectors)('$text', ({ text, expected }) => {
    const value = classifyWhole(plainText(text));
    const found = value && {
      kind: value.kind,
      family: value.family,
      normal: value.normal,
      print: fingerprinter.print(value),
    };
    expect(found).toEqual(expected);
  });
});
