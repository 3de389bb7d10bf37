import { describe, expect, it } from 'vitest';
import type { LevelThresholds, Policy } from './policy.js';
import { levelsFor, type CalibratedLevels } from './thresholds.js';

const levels = (high: number): LevelThresholds => ({ elevated: 10, high, critical: 95, hysteresis: 5 });
const entry = (high: number, of: Partial<CalibratedLevels> = {}): CalibratedLevels => ({
  tenant: null,
  role: null,
  kind: null,
  levels: levels(high),
  ...of,
});
const WHO = { tenant: 'acme', agent: 'spiffe://acme.example/clerk/1', assurance: 'verified' } as const;

function policyWith(...entries: CalibratedLevels[]): Policy {
  const roles = [{ name: 'clerks', match: ['/clerk'], asserted: false }];
  return { levels: levels(60), roles, thresholds: { digest: '', entries } } as unknown as Policy;
}

describe('levelsFor', () => {
  it('are the own levels of a policy that names no thresholds, and where none fit', () => {
    const { thresholds: _none, ...bare } = policyWith();
    expect(levelsFor(bare as Policy, WHO, 'pay').high).toBe(60);
    expect(levelsFor(policyWith(entry(20, { tenant: 'beta' })), WHO, 'pay').high).toBe(60);
  });

  it('are those of the entry that says most: tenant, then role, then kind', () => {
    const policy = policyWith(
      entry(21),
      entry(22, { kind: 'pay' }),
      entry(23, { role: 'clerks' }),
      entry(24, { tenant: 'acme' }),
      entry(25, { tenant: 'acme', kind: 'pay' }),
    );
    expect(levelsFor(policy, WHO, 'pay').high).toBe(25);
    expect(levelsFor(policy, WHO, null).high).toBe(24);
    expect(levelsFor(policy, { ...WHO, tenant: 'beta' }, 'pay').high).toBe(23);
    expect(levelsFor(policy, { ...WHO, tenant: 'beta', agent: 'spiffe://x/y' }, 'pay').high).toBe(22);
    expect(levelsFor(policy, { ...WHO, tenant: 'beta', agent: 'spiffe://x/y' }, null).high).toBe(21);
  });

  it('are the same however many kinds somebody invents', () => {
    const policy = policyWith(entry(22, { kind: 'pay' }));
    for (let i = 0; i < 10_000; i++) expect(levelsFor(policy, WHO, `kind ${i}`).high).toBe(60);
    expect(levelsFor(policy, WHO, 'pay').high).toBe(22);
  });
});
