import { describe, expect, it } from 'vitest';
import { checksum } from './checksum.js';

const of = (key: string | null, value: string | null): string =>
  checksum({
    key: key === null ? null : Buffer.from(key),
    value: value === null ? null : Buffer.from(value),
  });

describe('checksum', () => {
  it('is fixed for ever: markers in stores hold it', () => {
    expect(of('k', 'v')).toBe('5e4df0632cddbef3');
    expect(of(null, null)).toBe('12a3ae445661ce5d');
    expect(of('', '')).toBe('af5570f5a1810b7a');
  });

  it('tells apart what stands on either side of the boundary, and nothing from empty', () => {
    const sums = [
      of('ab', 'c'),
      of('a', 'bc'),
      of(null, 'abc'),
      of('', 'abc'),
      of('abc', null),
      of('abc', ''),
    ];
    expect(new Set(sums).size).toBe(sums.length);
  });
});
