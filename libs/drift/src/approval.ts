/**
 * How far a task has moved from its last approval (its start, or its last passed context check): a number from 0, right
 * after it, towards 1. What was used since counts in halvings of the distance that is left:
 *
 *   gap = 1 − 2^−(time / halfTime + calls / halfCalls + perEffect × new effects + perContent × content of others
 *                 + perServer × new servers + perClass × new sensitive data classes)
 *
 * All of it only grows until the next approval, so the gap does too. What the scope or the intent asked for was approved
 * with the task. New effects are all but reads; content whose author is not known counts half.
 */
import { EFFECTS, type Effect, type TaskStarted, type Trust } from '#activity/types';
import { fnv32 } from './hash.js';
import type { DetectorSettings, Policy } from './policy.js';
import { sensitivityOf } from './sensitivity.js';
import type { AgentState, OpenTask, Used } from './state.js';

export const APPROVAL_GAP = 'approval-gap';

/** Less sensitive classes say nothing about where a task has got to. */
const MIN_SENSITIVITY = 0.25;
/** Servers and classes are kept as bits: at worst one is taken for another, which only matters for how far it is. */
const BITS = 30;

const READ_BIT = bitOf('read');
const UNKNOWN_CONTENT = 1;
const OTHERS_CONTENT = 2;

/** How stale an approval is, as people and gateways are told. */
export interface ApprovalView {
  /** 0–1; `approval.ts` says what of. */
  approvalGap: number;
  /** The gap is past what the policy lets a declared task move: a context check is due, though nothing is stopped. */
  renewalDue: boolean;
}

/** Of a task, or with `task` null of the agent: of the declared task that has moved furthest. */
export function approvalOf(
  policy: Policy,
  state: AgentState,
  task: string | null,
  atMs: number,
): ApprovalView {
  let widest = 0;
  let renewalDue = false;
  for (const { id, implicit } of state.tasks) {
    if (task === null ? implicit : id !== task) continue;
    const gap = approvalGap(policy, state, id, atMs);
    widest = Math.max(widest, gap);
    renewalDue ||= !implicit && gap >= dueFrom(policy);
  }
  return { approvalGap: widest, renewalDue };
}

function dueFrom(policy: Policy): number {
  const due = policy.detectors[APPROVAL_GAP]?.options['renewalDue'];
  return typeof due === 'number' ? due : Infinity;
}

/** Of an open task, as of `atMs`; 0 for one that is not open, or where the policy has the detector off. */
export function approvalGap(policy: Policy, state: AgentState, task: string, atMs: number): number {
  const settings = policy.detectors[APPROVAL_GAP];
  const open = state.tasks.find(({ id }) => id === task);
  if (open === undefined || settings === undefined || settings.mode === 'off') return 0;
  return gapOf(settings, open, Math.max(state.clockMs, atMs));
}

/** Of this task; 0–1. */
export function gapOf({ options }: DetectorSettings, task: OpenTask, now: number): number {
  const { approved, used } = task;
  const content = used.content & ~approved.content;
  const others = content & OTHERS_CONTENT ? 1 : content & UNKNOWN_CONTENT ? 0.5 : 0;
  const halvings =
    Math.max(0, now - approvedAt(task)) / (options['halfTime'] as number) +
    task.callsSinceCheck / (options['halfCalls'] as number) +
    count(used.effects & ~approved.effects) * (options['perEffect'] as number) +
    others * (options['perContent'] as number) +
    count(used.servers & ~approved.servers) * (options['perServer'] as number) +
    count(used.classes & ~approved.classes) * (options['perClass'] as number);
  return 1 - 2 ** -halvings;
}

export function approvedAt({ startedAt, checkedAt }: OpenTask): number {
  return Math.max(startedAt, checkedAt);
}

/** What the scope and the intent asked for. */
export function usedAtStart({ scope, intentEffects }: TaskStarted): Used {
  let effects = READ_BIT;
  for (const effect of scope?.effects ?? intentEffects) effects |= bitOf(effect);
  let classes = 0;
  for (const name of scope?.dataClasses ?? []) classes |= 1 << hashed(name);
  return { effects, content: 0, servers: 0, classes };
}

/** With a call. The same object when it says nothing new. */
export function withCall(
  policy: Policy,
  used: Used,
  call: { effect: Effect; server: string; dataClasses: readonly string[] },
): Used {
  const effects = used.effects | bitOf(call.effect);
  const servers = used.servers | (1 << hashed(call.server));
  const classes = withClasses(policy, used.classes, call.dataClasses);
  if (effects === used.effects && servers === used.servers && classes === used.classes) return used;
  return { effects, content: used.content, servers, classes };
}

/** With a result, likewise. */
export function withResult(
  policy: Policy,
  used: Used,
  result: { trust: Trust; dataClasses: readonly string[] },
): Used {
  const content = result.trust === 'own' ? 0 : result.trust === 'unknown' ? UNKNOWN_CONTENT : OTHERS_CONTENT;
  const classes = withClasses(policy, used.classes, result.dataClasses);
  if ((used.content | content) === used.content && classes === used.classes) return used;
  return { effects: used.effects, content: used.content | content, servers: used.servers, classes };
}

function withClasses(policy: Policy, before: number, classes: readonly string[]): number {
  let bits = before;
  for (const name of classes) {
    if (sensitivityOf(policy.dataClasses, name) >= MIN_SENSITIVITY) bits |= 1 << hashed(name);
  }
  return bits;
}

/** What is new, in words. */
export function newSince({ used, approved }: OpenTask): string[] {
  const news: string[] = EFFECTS.filter((effect) => used.effects & ~approved.effects & bitOf(effect)).map(
    (effect) => `${effect}s`,
  );
  const content = used.content & ~approved.content;
  if (content !== 0) news.push(content & OTHERS_CONTENT ? 'content of others' : 'content of unknown authors');
  const classes = count(used.classes & ~approved.classes);
  if (classes > 0) news.push(`${classes} sensitive ${classes === 1 ? 'class' : 'classes'}`);
  return news;
}

function bitOf(effect: Effect): number {
  return 1 << EFFECTS.indexOf(effect);
}

/** As the number of a bit. */
function hashed(name: string): number {
  return fnv32(name) % BITS;
}

function count(bits: number): number {
  let left = bits;
  let ones = 0;
  for (; left !== 0; left &= left - 1) ones += 1;
  return ones;
}
