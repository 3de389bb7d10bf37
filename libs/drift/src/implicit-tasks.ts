/**
 * Implicit tasks: one per (principal, conversation) where nobody declared any, opened from activity alone. A
 * conversation is a claim that may separate but never excuse: evidence of one counts in all of the same principal,
 * what one was exposed to reaches the others and the next, aged. They never have scope.
 */
import type { Activity } from '#activity/types';
import { bounded, shortDigest } from './hash.js';
import { higherLevel } from './levels.js';
import { LIMITS } from './limits.js';
import { inheritedMarks } from './marks.js';
import type { Policy } from './policy.js';
import { newTask, type AgentState, type Carried, type OpenTask } from './state.js';

const PREFIX = 'implicit/';
/** Id of the tasks that principals beyond the limit share; evidence of every implicit task counts in them. */
export const SHARED_TASK = `${PREFIX}shared`;
/** Stands for every conversation beyond the limit; no real one is this long. */
const SHARED_CONVERSATION = '*'.repeat(LIMITS.identifier + 1);

/** The implicit task of this activity: the open one, or a new one that takes over what was passed on. */
export function implicitTask(state: AgentState, activity: Activity, now: number): OpenTask {
  const principal = bounded(activity.principal);
  const conversation = bounded(activity.conversation);
  for (const task of state.tasks) {
    if (task.implicit && task.conversation === conversation && task.principal === principal) return task;
  }
  const own = `${PREFIX}${principal === null ? '' : shortDigest(principal)}`;
  const open = state.tasks.filter((task) => task.implicit);
  if (open.length < LIMITS.implicitTasks) return opened(state, own, principal, conversation, now);
  const [id, who] = open.some((task) => task.id === own) ? [own, principal] : [SHARED_TASK, null];
  const shared = open.find((task) => task.id === id && task.conversation === SHARED_CONVERSATION);
  return shared ?? opened(state, id, who, SHARED_CONVERSATION, now);
}

/** Others of the same principal: what one was exposed to, all were. */
export function siblingsOf(state: AgentState, task: OpenTask): OpenTask[] {
  if (!task.implicit) return [];
  return state.tasks.filter((other) => other !== task && other.implicit && related(other.id, task.id));
}

/** Evidence of task `of` counts in task `id`. */
export function countsIn(id: string, of: string | null): boolean {
  return id === of || (id === SHARED_TASK && of !== null && of.startsWith(PREFIX));
}

/** Leaves what an ended implicit task was exposed to, and its level, to the next one of its principal. */
export function carryOver(policy: Policy, state: AgentState, task: OpenTask): void {
  const known = state.carried.find((carried) => carried.task === task.id);
  const others = state.carried.filter((carried) => carried !== known);
  const room = others.length < LIMITS.carried - 1;
  const id = room || task.id === SHARED_TASK ? task.id : SHARED_TASK;
  const target = id === task.id ? known : others.find((carried) => carried.task === SHARED_TASK);
  const next: Carried = {
    task: id,
    marks: inheritedMarks([task.marks, target?.marks ?? []], policy),
    level: higherLevel(task.level, target?.level ?? 'normal'),
    observedLevel: higherLevel(task.observedLevel, target?.observedLevel ?? 'normal'),
  };
  state.carried = [...others.filter((carried) => carried !== target), next];
}

function opened(
  state: AgentState,
  id: string,
  principal: string | null,
  conversation: string | null,
  now: number,
): OpenTask {
  const siblings = state.tasks.filter((other) => other.implicit && related(other.id, id));
  const left = state.carried.filter((carried) => related(carried.task, id));
  const sources = [...siblings, ...left];
  const task: OpenTask = {
    ...newTask(id, now),
    implicit: true,
    principal,
    conversation,
    marks: inheritedMarks(sources.map(({ marks }) => marks)),
    level: sources.reduce((level, source) => higherLevel(level, source.level), 'normal' as OpenTask['level']),
    observedLevel: sources.reduce(
      (level, source) => higherLevel(level, source.observedLevel),
      'normal' as OpenTask['level'],
    ),
  };
  state.tasks = [...state.tasks, task];
  state.carried = state.carried.filter((carried) => carried.task !== id);
  return task;
}

function related(a: string, b: string): boolean {
  return a === b || a === SHARED_TASK || b === SHARED_TASK;
}
