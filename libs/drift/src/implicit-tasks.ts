/**
 * Implicit tasks: one per (principal, conversation) where nobody declared any, opened from activity alone. A
 * conversation is a claim that may separate but never excuse: evidence of one counts in all of the same principal,
 * what one was exposed to reaches the others and the next, aged. They never have scope.
 */
import type { Activity } from '#activity/types';
import { bounded, shortDigest } from './hash.js';
import { higherLevel } from './levels.js';
import { LIMITS } from './limits.js';
import { leftBehind, startingWith, taintedOf } from './lineage.js';
import { leftRequests, startingWithRequests, unvouched } from './requests.js';
import { inheritedMarks } from './marks.js';
import type { Policy } from './policy.js';
import { newTask, type AgentState, type Carried, type OpenTask } from './state.js';

const PREFIX = 'implicit/';
/** Id of the task that all conversations beyond the limit share: its evidence counts in every implicit one, and theirs in it. */
export const SHARED_TASK = `${PREFIX}shared`;

/** Whether an id is one that the core gives to undeclared work. */
export function isImplicit(task: string): boolean {
  return task.startsWith(PREFIX);
}

/** The implicit task of this activity: the open one, or a new one that takes over what was passed on. */
export function implicitTask(state: AgentState, activity: Activity, now: number): OpenTask {
  const principal = bounded(activity.principal);
  const conversation = bounded(activity.conversation);
  for (const task of state.tasks) {
    if (!task.implicit || task.id === SHARED_TASK) continue;
    if (task.conversation === conversation && task.principal === principal) return task;
  }
  let open = 0;
  for (const task of state.tasks) if (task.implicit) open += 1;
  if (open < LIMITS.implicitTasks) {
    return opened(state, idFor(principal), principal, conversation, now);
  }
  return state.tasks.find((task) => task.id === SHARED_TASK) ?? opened(state, SHARED_TASK, null, null, now);
}

/**
 * Others of the same principal: what one was exposed to, all were. That holds between declared and undeclared work too:
 * leaving the task unnamed, or naming it only for what follows, excuses no more than another conversation does.
 */
export function siblingsOf(state: AgentState, task: OpenTask): OpenTask[] {
  return state.tasks.filter((other) => other !== task && isSibling(task, other));
}

export function isSibling(task: OpenTask, other: OpenTask): boolean {
  if (task.implicit && other.implicit) return related(other.id, task.id);
  return task.implicit !== other.implicit && isSamePrincipal(task.principal, other.principal);
}

/** Evidence of task `of` counts in task `id`. */
export function countsIn(id: string, of: string | null): boolean {
  return id === of || (of !== null && of.startsWith(PREFIX) && id.startsWith(PREFIX) && related(id, of));
}

/** Likewise of a declared task that ended: what it was exposed to, its evidence and level being its own. */
export function carryMarks(state: AgentState, task: OpenTask): void {
  if (
    task.marks.length === 0 &&
    taintedOf(task.lineage).length === 0 &&
    unvouched(task.requests).length === 0
  )
    return;
  const id = task.principal === null ? SHARED_TASK : idFor(task.principal);
  carryOver(undefined, state, { ...task, id, level: 'normal', observedLevel: 'normal' });
}

/** Leaves what an ended implicit task was exposed to, and its level, to the next one of its principal. */
export function carryOver(policy: Policy | undefined, state: AgentState, task: OpenTask): void {
  const known = state.carried.find((carried) => carried.task === task.id);
  const others = state.carried.filter((carried) => carried !== known);
  const room = others.length < LIMITS.carried - 1;
  const id = room || task.id === SHARED_TASK ? task.id : SHARED_TASK;
  const target = id === task.id ? known : others.find((carried) => carried.task === SHARED_TASK);
  const next: Carried = {
    task: id,
    marks: inheritedMarks([task.marks, target?.marks ?? []], policy),
    lineage: leftBehind([taintedOf(task.lineage), target?.lineage ?? []]),
    lineageAt: Math.max(task.lastAt, target?.lineageAt ?? 0),
    requests: leftRequests([unvouched(task.requests), target?.requests ?? []]),
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
  const declared = state.tasks.filter(
    (other) => !other.implicit && isSamePrincipal(other.principal, principal),
  );
  const task: OpenTask = {
    ...newTask(id, now),
    implicit: true,
    principal,
    conversation,
    marks: inheritedMarks([...sources, ...declared].map(({ marks }) => marks)),
    lineage: startingWith(
      leftBehind(left.map(({ lineage }) => lineage)),
      left.reduce((at, { lineageAt }) => Math.max(at, lineageAt), 0),
    ),
    requests: startingWithRequests(leftRequests(left.map(({ requests }) => requests))),
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

function idFor(principal: string | null): string {
  return `${PREFIX}${principal === null ? '' : shortDigest(principal)}`;
}

/** Whom nobody named may be anybody. */
export function isSamePrincipal(a: string | null, b: string | null): boolean {
  return a === null || b === null || a === b;
}

function related(a: string, b: string): boolean {
  return a === b || a === SHARED_TASK || b === SHARED_TASK;
}
