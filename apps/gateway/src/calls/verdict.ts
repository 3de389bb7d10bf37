/** What the gateway makes of one proposed call. */
import type { DecisionBasis, Effect, Revocation } from '#activity/types';
import type { Decision } from '#access';

export interface Refused {
  allowed: false;
  basis: DecisionBasis;
  /** Stable code. */
  reason: string;
  explanation: string;
  retryable: boolean;
  revocation: string | null;
  policy: string;
  /** Closed by the fail mode: nobody decided. */
  undecided: boolean;
}

export interface Allowed {
  allowed: true;
  basis: DecisionBasis;
  policy: string;
  /** The authority was asked, so the call may be in the agent's pending list. */
  asked: boolean;
}

export type Verdict = Allowed | Refused;

export function refusedByRevocation(revocation: Revocation): Refused {
  return {
    allowed: false,
    basis: 'revocation',
    reason: revocation.response === 'context-check' ? 'context-check' : 'revoked',
    explanation: revocation.reason,
    retryable: revocation.retryable,
    revocation: revocation.id,
    policy: revocation.policy,
    undecided: false,
  };
}

export function refusedByAuthority(decision: Decision): Refused {
  return {
    allowed: false,
    basis: decision.basis,
    reason: decision.reason,
    explanation: decision.explanation,
    retryable: decision.retryable,
    revocation: decision.revocation,
    policy: decision.policy,
    undecided: false,
  };
}

const TASK_WORDS: Readonly<Record<string, string>> = {
  'task-unknown': 'the task is not known',
  'task-foreign': 'the task belongs to another agent',
  'task-ended': 'the task has ended',
  'task-expired': 'the task has expired',
};

export function refusedByTask(reason: string): Refused {
  return refused('task', reason, TASK_WORDS[reason] ?? reason, false);
}

export function refusedByLimit(reason: string, explanation: string, retryable: boolean): Refused {
  return refused('limit', reason, explanation, retryable);
}

/** `cause` names what is away: `task`, `lease`, `authority`, `log`. */
export function refusedByFailMode(cause: string, effect: Effect): Refused {
  const explanation = `the ${CAUSE_WORDS[cause] ?? cause} cannot be reached, and calls with effect ${effect} do not pass without it`;
  return { ...refused('fail-mode', `unavailable-${cause}`, explanation, true), undecided: true };
}

const CAUSE_WORDS: Readonly<Record<string, string>> = {
  task: 'authority (for the task)',
  lease: 'revocations feed',
  pend: 'authority (for the result)',
  log: 'activity log',
};

function refused(basis: DecisionBasis, reason: string, explanation: string, retryable: boolean): Refused {
  return {
    allowed: false,
    basis,
    reason,
    explanation,
    retryable,
    revocation: null,
    policy: '',
    undecided: false,
  };
}
