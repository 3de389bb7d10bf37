import { expect, it } from 'vitest';
import { freshStamp, stampsOf, STAMP_BYTES, versionOf } from './stamp.js';

it('gives stamps that are all different and stay what they were', () => {
  const stamps = Array.from({ length: 2_000 }, freshStamp);
  const texts = stamps.map((stamp) => stamp.toString('hex'));
  expect(new Set(texts).size).toBe(2_000);
  expect(stamps.every((stamp) => stamp.length === STAMP_BYTES)).toBe(true);
  expect(stamps.map((stamp) => stamp.toString('hex'))).toEqual(texts);
});

it('reads the stamps of a version back', () => {
  const [state, pending] = [freshStamp(), freshStamp()];
  expect(stampsOf(versionOf(state, pending))).toEqual({ state, pending });
  expect(stampsOf(versionOf(null, null))).toEqual({ state: Buffer.alloc(0), pending: Buffer.alloc(0) });
});
