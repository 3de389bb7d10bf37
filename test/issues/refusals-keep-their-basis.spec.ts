import { expect, it } from 'vitest';
import type { Decision } from '#access';
import { refusedByAuthority } from '../../apps/gateway/src/calls/verdict.js';

const decision: Decision = {
  id: 'decision:g-1',
  allowed: false,
  response: null,
  basis: 'assessed',
  reason: 'full',
  explanation: '',
  retryable: true,
  revocation: null,
  risk: 0,
  level: 'normal',
  evidence: [],
  approvalGap: 0,
  renewalDue: false,
  policy: 'p',
};

/** All were logged as assessed: a call refused for a revocation or for want of room was evidence anew each time it was tried. */
it.each(['assessed', 'revocation', 'task', 'limit'] as const)(
  'a refusal of the authority by %s goes on the log as such',
  (basis) => expect(refusedByAuthority({ ...decision, basis }).basis).toBe(basis),
);
