/** What gateways, orchestrators and people are shown of an agent's state. */
import type { AgentView, TaskView } from '#access';
import { agentKey, type Evidence, type TaskStarted } from '#activity/types';
import { evidenceOfAgent, evidenceOfTask, published, riskOf, type AgentState, type OpenTask } from '#drift';
import type { Policy } from '#drift';

/**
 * Null when the state knows no such task. `started` is what is pending of it: the state keeps no intent, so the view
 * has it only until the start is folded.
 */
export function taskView(
  policy: Policy,
  state: AgentState | null,
  task: string,
  started: TaskStarted | undefined,
  nowMs: number,
): TaskView | null {
  if (state === null) return null;
  const open = state.tasks.find(({ id }) => id === task);
  const ended = state.ended.find(({ id }) => id === task);
  if (open === undefined && ended === undefined) return null;
  const { tenant, agent, assurance } = state;
  const live = evidenceOfTask(state.evidence, task, true);
  const enforced = evidenceOfTask(state.evidence, task, false);
  return {
    task,
    tenant,
    agent,
    assurance,
    principal: open?.principal ?? null,
    intent: started?.intent ?? '',
    scope: open?.scope ?? null,
    startedAt: open?.startedAt ?? 0,
    expiresAt: open?.expiresAt ?? ended?.at ?? 0,
    open: open !== undefined && !isExpired(open, nowMs),
    risk: riskOf(policy, enforced, Math.max(nowMs, state.clockMs)),
    level: open?.level ?? 'normal',
    evidence: live.map((piece): Evidence => published(piece)),
  };
}

export function agentView(policy: Policy, state: AgentState, pending: number, nowMs: number): AgentView {
  const { tenant, agent, assurance, level } = state;
  const at = Math.max(nowMs, state.clockMs);
  const tasks = state.tasks.map((open) => ({
    task: open.id,
    declared: !open.implicit,
    expiresAt: open.implicit ? null : open.expiresAt,
    risk: riskOf(policy, evidenceOfTask(state.evidence, open.id, false), at),
    level: open.level,
  }));
  return {
    key: agentKey(state),
    tenant,
    agent,
    assurance,
    risk: riskOf(policy, evidenceOfAgent(state.evidence, at, false), at),
    level,
    evidence: state.evidence.map((piece): Evidence => published(piece)),
    tasks,
    pending,
    policy: state.policy,
  };
}

function isExpired(task: OpenTask, nowMs: number): boolean {
  return task.expiresAt > 0 && task.expiresAt <= nowMs;
}
