import type { Evidence, Level } from '#activity/types';
import { publishedAt } from './evidence.js';
import { approvalOf, type ApprovalView } from './approval.js';
import { nextLevel } from './levels.js';
import { levelsFor } from './thresholds.js';
import type { Policy } from './policy.js';
import { evidenceOfAgent, evidenceOfTask, riskOf } from './risk.js';
import type { AgentState } from './state.js';

/** Risk as people are shown it: read from a state, without folding anything. */
export interface RiskView extends ApprovalView {
  risk: number;
  level: Level;
  /** All the live evidence behind it: what a context check is to be shown. */
  evidence: Evidence[];
}

/** Of a task (open or over), or with `task` null of the agent, as of `atMs`. */
export function riskView(policy: Policy, state: AgentState, task: string | null, atMs: number): RiskView {
  const now = Math.max(state.clockMs, atMs);
  const evidence =
    task === null ? evidenceOfAgent(state.evidence, now, false) : evidenceOfTask(state.evidence, task, false);
  const risk = riskOf(policy, evidence, now);
  const open = task === null ? null : (state.tasks.find(({ id }) => id === task) ?? null);
  const held = task === null ? state.level : (open?.level ?? 'normal');
  const levels = levelsFor(policy, state, open?.kind ?? null);
  return {
    risk,
    level: nextLevel(levels, held, risk),
    evidence: evidence.map((piece) => publishedAt(policy, piece, now)),
    ...approvalOf(policy, state, task, now),
  };
}
