/** Open tasks of an agent: declared ones (here), and implicit ones (`implicit-tasks.ts`). */
import type { Activity, Scope, TaskStarted } from '#activity/types';
import { exposureOf } from './exposure-of.js';
import { bounded } from './hash.js';
import { carryMarks, carryOver, isSamePrincipal, siblingsOf } from './implicit-tasks.js';
import { LIMITS } from './limits.js';
import { carryProgress } from './sequences/places.js';
import { startingWith, taintedOf } from './lineage.js';
import { inheritedMarks, marked } from './marks.js';
import type { Policy } from './policy.js';
import { leftRequests, startingWithRequests, unvouched } from './requests.js';
import { newTask, type AgentState, type EndedTask, type OpenTask, type ReadMark } from './state.js';

/** The declared task an activity names, or why it names none: ended (with when and how), or never heard of. */
export type Found = OpenTask | EndedTask | null;

export function findDeclared(state: AgentState, id: string): Found {
  for (const task of state.tasks) if (task.id === id && !task.implicit) return task;
  return state.ended.find((ended) => ended.id === id) ?? null;
}

/** The declared task of this principal, when there is exactly one: what an activity that names none can only belong to. */
export function onlyDeclared(state: AgentState, activity: Activity): OpenTask | null {
  const principal = bounded(activity.principal);
  let only: OpenTask | null = null;
  for (const task of state.tasks) {
    if (task.implicit || !isSamePrincipal(task.principal, principal)) continue;
    if (only !== null) return null;
    only = task;
  }
  return only;
}

export function isOpen(found: Found): found is OpenTask {
  return found !== null && 'lastAt' in found;
}

/**
 * Opens a declared task. A task beyond the limits is not opened: its calls are refused like those of an unknown one.
 * A repeated start changes nothing.
 */
export function startTask(
  policy: Policy,
  state: AgentState,
  started: TaskStarted,
  now: number,
): 'started' | 'known' | 'task-limit' {
  if (findDeclared(state, started.task) !== null) return 'known';
  const declared = state.tasks.filter((task) => !task.implicit);
  const bytes = declared.reduce((sum, task) => sum + scopeBytes(task.scope), scopeBytes(started.scope));
  if (declared.length >= LIMITS.declaredTasks || bytes > LIMITS.scopeBytes) return 'task-limit';
  const parent = started.parentTask === null ? null : findDeclared(state, started.parentTask);
  const task: OpenTask = {
    ...newTask(started.task, now),
    principal: bounded(started.principal),
    parentTask: started.parentTask,
    kind: started.kind,
    scope: started.scope,
    expiresAt: started.expiresAt,
  };
  const passed = passedAtStart(state, started, now);
  const siblings = siblingsOf(state, task);
  if (passed.length + siblings.length > 0) {
    task.marks = inheritedMarks([...siblings.map(({ marks }) => marks), passed], policy);
  }
  if (isOpen(parent)) {
    task.lineage = startingWith(taintedOf(parent.lineage), now);
    task.requests = startingWithRequests(leftRequests([unvouched(parent.requests)]));
  }
  state.tasks = [...state.tasks, task];
  if (passed.length > 0) for (const sibling of siblings) passOn(policy, state, sibling, passed);
  return 'started';
}

/** What the parent was exposed to, as the state has it and as the record says: it may belong to another agent. */
function passedAtStart(state: AgentState, { exposure, parentTask }: TaskStarted, now: number): ReadMark[] {
  const isKnown = parentTask !== null && findDeclared(state, parentTask) !== null;
  const parents = isKnown ? exposureOf(state, parentTask, now) : [];
  return [...parents, ...exposure].map((one) => ({ ...one, inherited: true }));
}

/** What one was exposed to, all are. */
function passOn(policy: Policy, state: AgentState, sibling: OpenTask, passed: readonly ReadMark[]): void {
  const marks = passed.reduce((all, mark) => marked(policy, all, mark), sibling.marks);
  if (marks !== sibling.marks) replaceTask(state, sibling, { ...sibling, marks });
}

/** Takes a task from the open ones to the ended ones. Its evidence stays with the agent. */
export function endTask(state: AgentState, ended: EndedTask): void {
  const open = state.tasks.find((task) => !task.implicit && task.id === ended.id);
  if (open !== undefined) carryMarks(state, open);
  state.tasks = state.tasks.filter((task) => task !== open);
  if (open !== undefined) carryProgress(state, open);
  if (state.ended.some(({ id }) => id === ended.id)) return;
  state.ended = [...state.ended, ended].slice(-LIMITS.endedTasks);
  state.settled = state.settled.filter(({ key }) => !key.endsWith(`@${ended.id}`));
}

/** Declared tasks that time has ended and nobody has: `endOverdue` is about to. */
export function expiredTasks({ tasks }: AgentState, now: number): OpenTask[] {
  for (const task of tasks) if (isExpired(task, now)) return tasks.filter((one) => isExpired(one, now));
  return NONE;
}
function isExpired(task: OpenTask, now: number): boolean {
  return !task.implicit && now >= task.expiresAt;
}
const NONE: OpenTask[] = [];

/** Ends what time has ended: declared tasks past their expiry, implicit ones idle for too long. */
export function endOverdue(policy: Policy, state: AgentState, now: number): void {
  for (const task of state.tasks) {
    if (!isOverdue(policy, task, now)) continue;
    state.tasks = state.tasks.filter((other) => other !== task);
    if (task.implicit) carryOver(policy, state, task);
    else endTask(state, { id: task.id, at: task.expiresAt, outcome: 'expired' });
  }
}

function isOverdue(policy: Policy, task: OpenTask, now: number): boolean {
  return task.implicit ? now - task.lastAt > policy.implicitTaskIdleMs : isExpired(task, now);
}

/** Puts the changed task in the place of the old one. */
export function replaceTask(state: AgentState, before: OpenTask, after: OpenTask): void {
  const tasks = state.tasks.slice();
  tasks[tasks.indexOf(before)] = after;
  state.tasks = tasks;
}

/** What a scope takes up in the state, near enough: three bytes a character at worst, and its frame. */
function scopeBytes(scope: Scope | null): number {
  if (scope === null) return 0;
  const { tools, effects, resources, destinations, dataClasses } = scope;
  let bytes = 0;
  for (const list of [tools, effects, resources, destinations, dataClasses]) {
    for (const item of list ?? []) bytes += utf8Bytes(item) + 2;
  }
  return bytes;
}

function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
  }
  return bytes;
}
