import { describe, expect, it } from 'vitest';
import { agentKey, clipText } from './types.js';

describe('clipText', () => {
  it.each([
    ['short', 10, 'short'],
    ['short', 3, 'sho'],
    ['Grüße', 4, 'Grü'],
    ['Grüße', 3, 'Gr'],
    ['a🧾b', 4, 'a'],
    ['a🧾b', 5, 'a🧾'],
    ['a\ud800b', 9, 'a\uFFFDb'],
    ['', 0, ''],
  ])('%j to %i bytes is %j', (text, bytes, clipped) => {
    expect(clipText(text, bytes)).toBe(clipped);
    expect(Buffer.byteLength(clipped)).toBeLessThanOrEqual(bytes);
  });
});

describe('agentKey', () => {
  it('keeps asserted identities out of the key space of verified ones', () => {
    const agent = 'spiffe://acme.example/billing';
    expect(agentKey({ tenant: 'acme', agent, assurance: 'verified' })).toBe(`acme|${agent}`);
    expect(agentKey({ tenant: 'acme', agent, assurance: 'asserted' })).toBe(`acme|asserted/${agent}`);
  });
});
