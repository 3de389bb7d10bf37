import { describe, expect, it } from 'vitest';
import type { Revocation } from '#activity/types';
import { View, printable } from './view.js';

const revocation: Revocation = {
  id: 'r-1',
  tenant: 't',
  agent: 't|spiffe://a/b',
  task: 't3-x',
  server: null,
  effects: ['write', 'send'],
  tools: null,
  dataClasses: null,
  response: 'restrict',
  issuedAt: 0,
  until: 60_000,
  reason: 'wrote outside its scope',
  retryable: true,
  evidence: [],
  risk: 71.3,
  policy: 'p',
  by: 'policy',
  cause: 'c',
};

describe('the live view', () => {
  it('says what was taken away, from whom, until when and why', () => {
    const line = new View(false).revocation(revocation);
    expect(line).toContain('REVOKED write, send from t3-x until ');
    expect(line).toContain('wrote outside its scope');
  });

  it('prints foreign text without control characters, escapes or bidirectional tricks', () => {
    const line = new View(false).revocation({ ...revocation, reason: 'ok\u001B[2J\u202Egnp.exe\nFAKE LINE' });
    expect(['\u001B', '\u202E', '\n'].filter((bad) => line.includes(bad))).toEqual([]);
  });

  it('bounds foreign text', () => {
    expect(printable('x'.repeat(10_000)).length).toBe(160);
  });
});
