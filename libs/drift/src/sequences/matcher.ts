/** Sequence rules at work on one activity: what it completes (looked at before), and how far it brings each rule (kept after). */
import { bounded } from '../hash.js';
import type { Policy } from '../policy.js';
import type { OpenTask, SequenceChain, SequenceProgress } from '../state.js';
import { chainsAfter, continued, isOverdue, WAITING } from './chains.js';
import { explainAbsence, explainMatch } from './explain.js';
import {
  allProgress,
  chainsOf,
  isBlank,
  keepPlace,
  keepProgress,
  keepWithinLimits,
  mergedProgress,
  ownProgress,
  sharedProgress,
  stillGoing,
  withChains,
  type Where,
} from './places.js';
import { planOf, type PlannedRule, type Seen, type SequencePlan, type Touch } from './plan.js';
import type { SequenceRule } from './rule.js';

/** A rule that matched. */
export interface Match {
  rule: SequenceRule;
  /** The sequence rests on a value that had to be dropped: it may have been another. */
  unsure: boolean;
  /** The activity itself was the last step, and not something that is missing. */
  completed: boolean;
  explanation: string;
}

const NO_MATCHES: readonly Match[] = [];

/** What this activity completes: the last step of a rule, or the time in which something had to follow. */
export function matchesOf(
  policy: Policy,
  where: Omit<Where, 'principal'>,
  seen: Seen,
  now: number,
): readonly Match[] {
  const plan = planOf(policy);
  if (plan.rules.length === 0) return NO_MATCHES;
  const at: Where = { ...where, principal: null };
  if (isBlank(at)) return NO_MATCHES;
  at.principal = bounded(seen.principal);
  // What is missing is said once; a refused call keeps nothing, and would say it again.
  const found: Match[] = plan.hasEndings && hasHappened(seen) ? overdueMatches(plan, at, now) : [];
  for (const touch of plan.touchedBy(seen)) {
    if (!touch.completes) continue;
    const match = completedBy(touch, at, seen, now);
    if (match !== null) found.push(match);
  }
  return found;
}

function hasHappened(seen: Seen): boolean {
  return seen.type !== 'ToolCall' || seen.decision === 'allowed';
}

function completedBy({ planned }: Touch, where: Where, seen: Seen, now: number): Match | null {
  const lists = listsOf(planned, where);
  if (lists.length === 0) return null;
  const chains = continued(planned, planned.positions.length - 1, lists, seen, now);
  const sure = chains.findLast(({ prints, more }) => prints.length > 0 || !more) ?? chains.at(-1);
  if (sure === undefined) return null;
  const explanation = explainMatch(planned, sure, seen, now);
  const unsure = sure.more && sure.prints.length === 0;
  return { rule: planned.rule, unsure, completed: true, explanation };
}

function listsOf({ id, rule }: PlannedRule, where: Where): SequenceChain[][] {
  const lists: SequenceChain[][] = [];
  for (const progress of allProgress(rule.of, where)) {
    const chains = chainsOf(progress, id);
    if (chains.length > 0) lists.push(chains);
  }
  return lists;
}

function overdueMatches(plan: SequencePlan, where: Where, now: number): Match[] {
  const found: Match[] = [];
  const look = (progress: readonly SequenceProgress[], of: SequenceRule['of'] | null) => {
    for (const { rule, chains } of progress) {
      const planned = plan.byId.get(rule);
      if (!planned?.ending || (of !== null && planned.rule.of !== of)) continue;
      const overdue = chains.find((chain) => isOverdue(planned, chain, now));
      if (overdue !== undefined) found.push(absence(planned, overdue, now, false));
    }
  };
  for (const of of plan.scopes) look(ownProgress(of, where), of);
  look(sharedProgress(where.state), null);
  return found;
}

function absence(planned: PlannedRule, chain: SequenceChain, now: number, atEnd: boolean): Match {
  const explanation = explainAbsence(planned, chain, now, atEnd);
  return { rule: planned.rule, unsure: false, completed: false, explanation };
}

/** What the end of a declared task makes certain: what had to follow never will. */
export function matchesAtEnd(policy: Policy, task: OpenTask, now: number): readonly Match[] {
  const plan = planOf(policy);
  if (task.sequences.length === 0 || !plan.hasEndings) return NO_MATCHES;
  return task.sequences.flatMap(({ rule, chains }) => {
    const planned = plan.byId.get(rule);
    const waiting = chains.find(({ reached }) => reached === WAITING);
    return planned?.ending && waiting ? [absence(planned, waiting, now, true)] : [];
  });
}

/** Keeps how far this activity brings each rule. `where.state` and `where.task` are copies whose fields may be replaced. */
export function follow(policy: Policy, where: Omit<Where, 'principal'>, seen: Seen, now: number): void {
  const plan = planOf(policy);
  if (plan.rules.length === 0) return;
  const touches = plan.touchedBy(seen);
  const waits = plan.hasEndings && !isBlank({ ...where, principal: null });
  if (touches.length === 0 && !waits) return;
  const at: Where = { ...where, principal: bounded(seen.principal) };
  for (const of of plan.scopes) {
    const before = ownProgress(of, at);
    const judged = waits ? withoutOverdue(plan, before, of, now) : before;
    const after = progressAfter(touches, of, judged, at, seen, now);
    if (after !== before) keepProgress(of, at, after === judged ? after : stillGoing(after, plan, now), plan);
  }
  if (waits) judgeShared(plan, at, now);
}

function progressAfter(
  touches: readonly Touch[],
  of: SequenceRule['of'],
  before: SequenceProgress[],
  where: Where,
  seen: Seen,
  now: number,
): SequenceProgress[] {
  let after = before;
  for (const touch of touches) {
    const { planned } = touch;
    if (planned.rule.of !== of) continue;
    const own = chainsOf(after, planned.id);
    const chains = chainsAfter(touch, own, listsOf(planned, where), seen, now);
    if (chains !== own) after = withChains(after, planned.id, chains);
  }
  return after;
}

/** It was said: what has been waited for in vain is over. */
function withoutOverdue(
  plan: SequencePlan,
  progress: SequenceProgress[],
  of: SequenceRule['of'] | null,
  now: number,
): SequenceProgress[] {
  let kept = progress;
  for (const { rule, chains } of progress) {
    const planned = plan.byId.get(rule);
    if (!planned?.ending || (of !== null && planned.rule.of !== of)) continue;
    if (!chains.some((chain) => isOverdue(planned, chain, now))) continue;
    const going = chains.filter(({ reached }) => reached !== WAITING);
    kept = withChains(kept, rule, going);
  }
  return kept;
}

function judgeShared(plan: SequencePlan, { state }: Where, now: number): void {
  const before = sharedProgress(state);
  const after = withoutOverdue(plan, before, null, now);
  if (after !== before) keepPlace(state, 'shared', null, after);
}

/** A child task begins where its parent stands: splitting work into tasks starts no sequence afresh. */
export function beginTask(policy: Policy, where: Omit<Where, 'principal'>): void {
  const { state, task } = where;
  if (task === null || task.parentTask === null) return;
  const parent = state.tasks.find((one) => !one.implicit && one.id === task.parentTask && one.id !== task.id);
  if (parent === undefined || parent.sequences.length === 0) return;
  task.sequences = mergedProgress(task.sequences, parent.sequences);
  keepWithinLimits({ ...where, principal: task.principal }, planOf(policy));
}
