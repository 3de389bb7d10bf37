/** Sequence rules at work on one activity: what it completes (looked at before), and how far it brings each rule (kept after). */
import { bounded } from '../hash.js';
import type { Policy } from '../policy.js';
import type { AgentState, OpenTask, SequenceChain, SequenceProgress } from '../state.js';
import { chainsAfter, chainsOf, continued, isOverdue, WAITING } from './chains.js';
import { isMet } from './conditions.js';
import { explainAbsence, explainMatch } from './explain.js';
import {
  allProgress,
  isBlank,
  keepPlace,
  keepProgress,
  keepWithinLimits,
  mergedProgress,
  ownProgress,
  sharedProgress,
  withChains,
  type Where,
} from './places.js';
import { planOf, type PlannedRule, type Seen, type SequencePlan, type Touch } from './plan.js';
import type { SequenceRule, SequenceStep } from './rule.js';

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
  if (isBlank(where)) return NO_MATCHES;
  const at = whereOf(where, seen);
  // What is missing is said once; a refused call keeps nothing, and would say it again.
  const found: Match[] = plan.hasEndings && hasHappened(seen) ? overdueMatches(plan, at, now) : [];
  for (const touch of plan.touchedBy(seen)) {
    if (!touch.completes) continue;
    const match = completedBy(touch.planned, at, seen, now);
    if (match !== null) found.push(match);
  }
  return found;
}

function hasHappened(seen: Seen): boolean {
  return seen.type !== 'ToolCall' || seen.decision === 'allowed';
}

/** Where an activity counts, and what counts there with it: worked out when it is asked for. */
class Reach implements Where {
  private readonly lists: Partial<Record<SequenceRule['of'], SequenceProgress[][]>> = {};
  /** There is more to keep than before, so that limits have to be looked at. */
  grows = false;

  constructor(
    readonly state: AgentState,
    readonly task: OpenTask | null,
    readonly principal: string | null,
  ) {}

  progress(of: SequenceRule['of']): SequenceProgress[][] {
    return (this.lists[of] ??= allProgress(of, this));
  }
}

function whereOf({ state, task }: Omit<Where, 'principal'>, { principal }: Seen): Reach {
  return new Reach(state, task, bounded(principal));
}

function completedBy(one: PlannedRule, at: Reach, seen: Seen, now: number): Match | null {
  const lists = at.progress(one.rule.of);
  const last = one.positions.length - 1;
  if (lists.length === 0 || !isMet(one.positions[last] as SequenceStep, seen)) return null;
  const chains = continued(one, last, lists, seen, now);
  const chain = chains.findLast(({ prints, more }) => prints.length > 0 || !more) ?? chains.at(-1);
  if (chain === undefined) return null;
  const unsure = chain.more && chain.prints.length === 0;
  return { rule: one.rule, unsure, completed: true, explanation: explainMatch(one, chain, seen, now) };
}

function overdueMatches(plan: SequencePlan, where: Where, now: number): Match[] {
  const found: Match[] = [];
  for (const of of plan.scopes) addOverdue(found, plan, ownProgress(of, where), of, now);
  addOverdue(found, plan, sharedProgress(where.state), null, now);
  return found;
}

function addOverdue(
  found: Match[],
  plan: SequencePlan,
  progress: readonly SequenceProgress[],
  of: SequenceRule['of'] | null,
  now: number,
): void {
  for (const { planned, chain } of overdueIn(plan, progress, of, now)) {
    found.push(absence(planned, chain, now, false));
  }
}

interface Overdue {
  planned: PlannedRule;
  chain: SequenceChain;
}
const NONE_OVERDUE: readonly Overdue[] = [];

/**
 * What waits in vain. `of`: only of such rules, or with null of any. Both lists are in the order of rules' numbers, so
 * that of most progress no more than the number is looked at.
 */
function overdueIn(
  { endings }: SequencePlan,
  progress: readonly SequenceProgress[],
  of: SequenceRule['of'] | null,
  now: number,
): readonly Overdue[] {
  let found: Overdue[] | null = null;
  let at = 0;
  for (const { rule, chains } of progress) {
    while (at < endings.length && (endings[at] as PlannedRule).id < rule) at += 1;
    const planned = endings[at];
    if (planned === undefined) break;
    if (planned.id !== rule || (of !== null && planned.rule.of !== of)) continue;
    const chain = firstOverdue(planned, chains, now);
    if (chain !== null) (found ??= []).push({ planned, chain });
  }
  return found ?? NONE_OVERDUE;
}

/** What waits stands first. */
function firstOverdue(planned: PlannedRule, chains: SequenceChain[], now: number): SequenceChain | null {
  if (chains[0]?.reached !== WAITING) return null;
  for (const chain of chains) if (isOverdue(planned, chain, now)) return chain;
  return null;
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
  const waits = plan.hasEndings && !isBlank(where);
  if (touches.length === 0 && !waits) return;
  const at = whereOf(where, seen);
  for (const of of plan.scopes) {
    const before = ownProgress(of, at);
    const judged = waits ? withoutOverdue(plan, before, of, now) : before;
    const after = touches.length === 0 ? judged : progressAfter(touches, of, judged, at, seen, now);
    if (after === before) continue;
    keepProgress(of, at, after, at.grows ? plan : null);
    at.grows = false;
  }
  if (waits) judgeShared(plan, at, now);
}

function progressAfter(
  touches: readonly Touch[],
  of: SequenceRule['of'],
  before: SequenceProgress[],
  at: Reach,
  seen: Seen,
  now: number,
): SequenceProgress[] {
  let after = before;
  for (const touch of touches) {
    const { id, rule } = touch.planned;
    if (rule.of !== of) continue;
    const own = chainsOf(after, id);
    const chains = chainsAfter(touch, own, at.progress(of), seen, now);
    if (chains === own) continue;
    at.grows ||= chains.length > own.length || touch.planned.anchor >= 0;
    const place = chains.length === 0 ? -1 : placeOf(after, id);
    if (place < 0) after = withChains(after, id, chains);
    else {
      if (after === before) after = before.slice();
      after[place] = { rule: id, chains };
    }
  }
  return after;
}

function placeOf(progress: readonly SequenceProgress[], rule: number): number {
  for (let at = 0; at < progress.length; at++)
    if ((progress[at] as SequenceProgress).rule === rule) return at;
  return -1;
}

/** It was said: what has been waited for in vain is over. */
function withoutOverdue(
  plan: SequencePlan,
  progress: SequenceProgress[],
  of: SequenceRule['of'] | null,
  now: number,
): SequenceProgress[] {
  let kept = progress;
  for (const { planned } of overdueIn(plan, progress, of, now)) {
    const going = chainsOf(progress, planned.id).filter(({ reached }) => reached !== WAITING);
    kept = withChains(kept, planned.id, going);
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
