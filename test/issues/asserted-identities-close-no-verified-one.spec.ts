import { expect, it } from 'vitest';
import type { Revocation } from '#activity/types';
import { RevocationIndex } from '#revocation';

const VERIFIED = 'acme|spiffe://acme/agent';

function revocation(id: string, agent: string): Revocation {
  return {
    id,
    tenant: 'acme',
    agent,
    task: null,
    server: null,
    effects: null,
    tools: null,
    dataClasses: null,
    response: 'revoke-agent',
    issuedAt: 0,
    until: 1_000,
    reason: '',
    retryable: false,
    evidence: [],
    risk: 95,
    policy: 'p',
    by: 'policy',
    cause: id,
  };
}
const call = (agentKey: string) =>
  ({
    tenant: 'acme',
    agentKey,
    task: null,
    server: 's',
    tool: 't',
    effect: 'read',
    goesOut: false,
    dataClasses: [],
  }) as const;

/** Whoever made up enough names to be revoked under filled the index, and every agent of the tenant was stopped. */
it('made-up identities use up their own room, and close only their own kind', () => {
  const index = new RevocationIndex({ revocations: 4 });
  const made = ['a', 'b', 'c'].map((name) =>
    index.applyRevocation(revocation(name, `acme|asserted/${name}`)),
  );
  expect(made).toEqual(['applied', 'applied', 'overflow']);
  expect(index.match(call('acme|asserted/nobody'), 0)?.id).toBe('overflow:acme');
  expect(index.match(call(VERIFIED), 0)).toBeNull();
  expect(index.applyRevocation(revocation('v', VERIFIED))).toBe('applied');
  expect(index.match(call(VERIFIED), 0)?.id).toBe('v');
  index.expire(1_000);
  expect(index.applyRevocation({ ...revocation('d', 'acme|asserted/d'), until: 2_000 }, 1_000)).toBe(
    'applied',
  );
});

it('what closes verified identities closes asserted ones too', () => {
  const index = new RevocationIndex({ revocations: 1 });
  index.applyRevocation(revocation('v', VERIFIED));
  expect(index.applyRevocation(revocation('w', 'acme|spiffe://acme/other'))).toBe('overflow');
  expect(index.match(call('acme|asserted/a'), 0)?.id).toBe('overflow:acme');
});
