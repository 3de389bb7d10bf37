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

  it('says of an alert all of why, on one line', () => {
    const explanation = `Risk of task t3-x rose to high (71 of 100). ${'It called mail/send. '.repeat(20)}End\n.`;
    const line = new View(false).alert({
      id: 'a-1',
      tenant: 't',
      agent: 't|spiffe://a/b',
      task: 't3-x',
      at: 0,
      level: 'high',
      risk: 71.3,
      title: '',
      explanation,
      evidence: [],
      response: 'alert',
      observed: false,
      revocation: null,
      policy: 'p',
      cause: 'c',
    });
    expect(line).toContain('End·.  a-1 t|spiffe://a/b t3-x');
  });

  it('bounds foreign text', () => {
    expect(printable('x'.repeat(10_000)).length).toBe(160);
  });
});
