import type { Activity, Response, Revocation, ToolCall } from '#activity/types';
import { assess } from './assess.js';
import type { Assessment, Verdict } from './contract.js';
import { coversCall } from './covers.js';
import type { Policy } from './policy.js';
import { strength } from './respond.js';
import type { AgentState } from './state.js';
import { findDeclared, isOpen } from './tasks.js';
import { asCommand, isRetryable } from './turn.js';

/**
 * Would this proposed call be stopped? Folds what is pending, in order, then assesses the proposal as if it were
 * allowed. It is stopped when its task is not open, or a live or newly commanded revocation covers it.
 * The states on the way are thrown away; `assessment` is the proposal's.
 */
export function judge(
  policy: Policy,
  state: AgentState | null,
  pending: Activity[],
  proposed: ToolCall,
): Verdict {
  const before = pending.reduce<AgentState | null>(
    (folded, activity) => assess(policy, folded, activity).state,
    state,
  );
  const proposal: ToolCall = { ...proposed, decision: 'allowed', basis: 'assessed', sequence: 0 };
  const assessment = assess(policy, before, proposal);
  const covering = strongest(
    [
      ...liveRevocations(policy, before, assessment),
      ...assessment.commands.flatMap((command) => (command.type === 'revoke' ? [command.revocation] : [])),
    ].filter((revocation) => coversCall(revocation, proposal)),
  );
  const lapse = lapseOf(assessment.state, proposal);
  if (lapse !== null) {
    return {
      allowed: false,
      response: 'revoke-task',
      ...lapse,
      retryable: false,
      revocation: covering,
      assessment,
    };
  }
  if (covering !== null) return refusedBy(covering, assessment);
  const explanation = 'Nothing stands against it.';
  return {
    allowed: true,
    response: null,
    reason: '',
    explanation,
    retryable: false,
    revocation: null,
    assessment,
  };
}

/** What held before the proposal and still holds at its time. */
function liveRevocations(policy: Policy, before: AgentState | null, { state }: Assessment): Revocation[] {
  if (before === null) return [];
  return before.revocations
    .filter((live) => !live.observed && live.until > state.clockMs)
    .map((live) => asCommand(policy, before, live, state.clockMs));
}

function strongest(revocations: Revocation[]): Revocation | null {
  return revocations.reduce<Revocation | null>(
    (most, one) => (most === null || strength(one.response) > strength(most.response) ? one : most),
    null,
  );
}

const REASONS: Record<Response, string> = {
  observe: 'observed',
  alert: 'alerted',
  'context-check': 'context-check',
  restrict: 'restricted',
  'revoke-task': 'task-revoked',
  'revoke-agent': 'agent-revoked',
};

function refusedBy(revocation: Revocation, assessment: Assessment): Verdict {
  const { response, reason: explanation } = revocation;
  const retryable = isRetryable(response);
  return {
    allowed: false,
    response,
    reason: REASONS[response],
    explanation,
    retryable,
    revocation,
    assessment,
  };
}

/** Why the task named is not one to work on. Expiry was settled by the assessment. */
function lapseOf(state: AgentState, call: ToolCall): { reason: string; explanation: string } | null {
  if (call.task === null) return null;
  const found = findDeclared(state, call.task);
  if (isOpen(found)) return null;
  if (found === null) {
    return { reason: 'task-unknown', explanation: `Task ${call.task} is not an open task of this agent.` };
  }
  const reason = found.outcome === 'expired' ? 'task-expired' : 'task-ended';
  return { reason, explanation: `Task ${call.task} was ${found.outcome}; a new one has to be approved.` };
}
