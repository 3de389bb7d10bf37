/** What gateways, orchestrators and people are shown of an agent's state. */
import type { AgentView, TaskView } from '#access';
import { agentKey, type TaskStarted } from '#activity/types';
import { isImplicit, riskView, type AgentState, type OpenTask, type Policy } from '#drift';

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
  if (open === undefined && ended === undefined && !isImplicit(task)) return null;
  const { tenant, agent, assurance } = state;
  return {
    task,
    tenant,
    agent,
    assurance,
    principal: open?.principal ?? started?.principal ?? null,
    intent: started?.intent ?? '',
    scope: open?.scope ?? started?.scope ?? null,
    startedAt: open?.startedAt ?? started?.time ?? 0,
    expiresAt: open?.expiresAt ?? ended?.at ?? 0,
    open: open !== undefined && !isExpired(open, nowMs),
    ...riskView(policy, state, task, nowMs),
  };
}

export function agentView(policy: Policy, state: AgentState, pending: number, nowMs: number): AgentView {
  const { tenant, agent, assurance } = state;
  const tasks = state.tasks.map(({ id, implicit, expiresAt }) => {
    const { evidence: _, ...standing } = riskView(policy, state, id, nowMs);
    return { task: id, declared: !implicit, expiresAt: implicit ? null : expiresAt, ...standing };
  });
  const key = agentKey(state);
  return {
    key,
    tenant,
    agent,
    assurance,
    ...riskView(policy, state, null, nowMs),
    tasks,
    pending,
    policy: state.policy,
  };
}

function isExpired(task: OpenTask, nowMs: number): boolean {
  return task.expiresAt > 0 && task.expiresAt <= nowMs;
}
