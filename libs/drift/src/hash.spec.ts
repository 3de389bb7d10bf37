import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bounded, deriveId, sha256 } from './hash.js';

describe('sha256', () => {
  it.each([
    ['', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
    ['abc', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    [
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    ],
  ])('gives the published vector of %j', (text, digest) => expect(sha256(text)).toBe(digest));

  it('agrees with the platform on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        expect(sha256(text)).toBe(createHash('sha256').update(text).digest('hex'));
      }),
    );
  });
});

describe('deriveId', () => {
  it('is the same for the same cause and rule, and tells where one ends and the other begins', () => {
    expect(deriveId('a1-7', 'task-high')).toBe(deriveId('a1-7', 'task-high'));
    expect(deriveId('a1-7', 'x')).not.toBe(deriveId('a1-', '7x'));
    expect(deriveId('a1-7', 'task-high')).toMatch(/^[0-9a-f]{32}$/);
  });
});

describe('bounded', () => {
  it('keeps what is short and tells apart what is long', () => {
    expect(bounded('dana')).toBe('dana');
    expect(bounded(null)).toBeNull();
    const [one, other] = [bounded('x'.repeat(300)), bounded(`${'x'.repeat(299)}y`)];
    expect(one).not.toBe(other);
    expect(one?.length).toBe(33);
  });
});
