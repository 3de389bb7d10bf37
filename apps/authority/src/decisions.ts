/** May this agent, on this task, make this call now? */
import { AccessError, type Decision } from '#access';
import { agentKey, type Level, type Revocation, type ToolCall } from '#activity/types';
import { approvalOf, clampTime, judge, levelOf, levelsFor, type Policy, type Verdict } from '#drift';
import { StoreError } from '#store';
import type { AgentNow, Agents } from './agents.js';
import type { AuthorityMetrics } from './metrics.js';
import type { PendingLists, Proposal } from './pending.js';
import type { Policies } from './policies.js';
import type { Revocations } from './revocations.js';

export interface DecisionParts {
  agents: Agents;
  pending: PendingLists;
  revocations: Revocations;
  policies: Pick<Policies, 'active' | 'get'>;
  maxSkewMs: number;
  metrics: AuthorityMetrics;
}

export class Decisions {
  constructor(private readonly parts: DecisionParts) {}

  /** An allowed call is pending when this resolves. Throws `AccessError`: then nothing is known to be allowed. */
  async decide(call: ToolCall): Promise<Decision> {
    const { metrics } = this.parts;
    const done = metrics.decisionSeconds.startTimer();
    try {
      const decision = await this.assess(call);
      metrics.decisions.inc({ outcome: decision.allowed ? 'allowed' : 'refused', reason: decision.reason });
      return decision;
    } finally {
      done();
    }
  }

  private async assess(call: ToolCall): Promise<Decision> {
    const key = agentKey(call);
    this.parts.revocations.requireCurrent();
    const revoked = this.parts.revocations.match(call, key);
    if (revoked) {
      const level = await this.levelOf(call, key, revoked);
      return refusedBy(call, revoked, level, this.parts.policies.active.digest);
    }
    try {
      return await this.parts.pending.update(key, (now) => this.propose(call, now));
    } catch (error) {
      const refusal =
        error instanceof AccessError ? withoutRoom(call, error, this.parts.policies.active.digest) : null;
      if (refusal) return refusal;
      throw error;
    }
  }

  /** By the thresholds that judged: of the policy that revoked, for this agent's role and the kind of the task. */
  private async levelOf(call: ToolCall, key: string, { policy, task, risk }: Revocation): Promise<Level> {
    const { policies } = this.parts;
    const judged = policies.get(policy) ?? policies.active;
    const byKind = judged.thresholds?.entries.some(({ kind }) => kind !== null) ?? false;
    const kind = byKind && task !== null ? await this.kindOf(key, task) : null;
    return levelOf(levelsFor(judged, call, kind), risk);
  }

  /** Null for a task that is over, and without a store: what is revoked is refused without one too. */
  private async kindOf(key: string, task: string): Promise<string | null> {
    try {
      const { state } = await this.parts.agents.read(key);
      return state?.tasks.find(({ id }) => id === task)?.kind ?? null;
    } catch (error) {
      if (error instanceof StoreError) return null;
      throw error;
    }
  }

  private propose(call: ToolCall, now: AgentNow): Proposal<Decision> {
    const { agents, maxSkewMs, metrics } = this.parts;
    agents.requireCurrent(now.currency);
    const { policy } = now;
    const proposed = proposal(call, policy.digest);
    const asked = now.pending.findIndex(({ id }) => id === call.id);
    const before = asked < 0 ? now.pending : now.pending.slice(0, asked);
    const verdict = judge(policy, now.state, before, clampTime(proposed, now.atMs, maxSkewMs));
    const result = answer(call, verdict, policy);
    if (asked >= 0) {
      metrics.repeated.inc();
      const known = now.pending[asked] as ToolCall;
      return { append: null, result: known.decision === 'allowed' ? { ...result, ...ALLOWED } : result };
    }
    return { append: toAppend(proposed, verdict, result), result };
  }
}

/** The call was allowed and is pending: asking again changes nothing about that. */
const ALLOWED = {
  allowed: true,
  response: null,
  basis: 'assessed',
  reason: '',
  retryable: false,
  revocation: null,
} as const;
/** The same codes as the core gives for what its own revocations cover. */
const REVOKED_REASONS: Partial<Record<Revocation['response'], string>> = {
  'context-check': 'context-check',
  restrict: 'restricted',
  'revoke-task': 'task-revoked',
  'revoke-agent': 'agent-revoked',
};
/** Answered without a look at the state. */
const NOT_ASSESSED = { approvalGap: 0, renewalDue: false };
/** Refusals that say something about the task, not about what the agent did. */
const TASK_REASONS = new Set(['task-unknown', 'task-ended', 'task-expired']);

/** The call as it will be logged if it is allowed; the engine names its id when it has folded it. */
function proposal(call: ToolCall, policy: string): ToolCall {
  const allowed = { decision: 'allowed', basis: 'assessed', reason: '', revocation: null } as const;
  return { ...call, ...allowed, policy, pending: true, sequence: 0 };
}

/**
 * What is allowed, and what is refused for a drift that nobody had answered yet: the next call is judged by it too, whether
 * or not it is folded by then. A call that a revocation covers already says nothing new.
 */
function toAppend(
  proposed: ToolCall,
  verdict: Verdict,
  { basis, reason, revocation }: Decision,
): ToolCall | null {
  if (verdict.allowed) return proposed;
  if (basis !== 'assessed' || verdict.assessment.commands.length === 0) return null;
  return { ...proposed, decision: 'refused', basis, reason, revocation };
}

function answer(call: ToolCall, verdict: Verdict, policy: Policy): Decision {
  const { allowed, response, reason, explanation, retryable, revocation, assessment } = verdict;
  const { risk, level } = assessment;
  return {
    id: decisionId(call),
    allowed,
    response,
    basis: TASK_REASONS.has(reason) ? 'task' : 'assessed',
    reason,
    explanation,
    retryable,
    revocation: revocation?.id ?? null,
    risk,
    level,
    evidence: revocation && revocation.evidence.length > 0 ? revocation.evidence : assessment.evidence,
    ...approvalOf(policy, assessment.state, call.task, call.time),
    policy: policy.digest,
  };
}

function refusedBy(call: ToolCall, revocation: Revocation, level: Level, policy: string): Decision {
  return {
    id: decisionId(call),
    allowed: false,
    response: revocation.response,
    basis: 'revocation',
    reason: REVOKED_REASONS[revocation.response] ?? 'revoked',
    explanation: revocation.reason,
    retryable: revocation.retryable,
    revocation: revocation.id,
    risk: revocation.risk,
    level,
    evidence: revocation.evidence,
    ...NOT_ASSESSED,
    policy,
  };
}

/** No room or no luck is a refusal of this call, not an absent authority: no fail mode opens on it. */
function withoutRoom(call: ToolCall, error: AccessError, policy: string): Decision | null {
  if (error.code !== 'full' && error.code !== 'contended' && error.code !== 'limit') return null;
  return {
    id: decisionId(call),
    allowed: false,
    response: null,
    basis: 'limit',
    reason: error.code,
    explanation: error.message,
    retryable: true,
    revocation: null,
    risk: 0,
    level: 'normal',
    evidence: [],
    ...NOT_ASSESSED,
    policy,
  };
}

/** Derived, so that the same question has the same answer, id included. */
function decisionId(call: ToolCall): string {
  return `decision:${call.id}`;
}
