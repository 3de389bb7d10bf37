/**
 * Where progress is kept, and which of it counts together. Declared tasks are apart. Undeclared work of one principal is
 * one, whatever conversations it is split over; it sees what open declared tasks of the same principal have reached, and
 * while there is some, they see it: leaving the name of a task out, or naming it only for what follows, excuses nothing.
 */
import { isSamePrincipal } from '../implicit-tasks.js';
import { LIMITS } from '../limits.js';
import type { AgentState, OpenTask, SequenceChain, SequencePlace, SequenceProgress } from '../state.js';
import { chainsOf, startOf, WAITING, withChain } from './chains.js';
import type { SequencePlan } from './plan.js';
import type { SequenceRule } from './rule.js';

/** Where an activity counts. */
export interface Where {
  state: AgentState;
  task: OpenTask | null;
  /** Bounded. */
  principal: string | null;
}

const NOTHING: SequenceProgress[] = [];

function isDeclared(task: OpenTask | null): task is OpenTask {
  return task !== null && !task.implicit;
}

/** Nothing has begun anywhere: nothing can go on. */
export function isBlank({ state, task }: Omit<Where, 'principal'>): boolean {
  if (state.sequences.length > 0) return false;
  if (isDeclared(task)) return task.sequences.length === 0;
  for (const open of state.tasks) if (open.sequences.length > 0) return false;
  return true;
}

/** The progress that this activity changes. */
export function ownProgress(of: SequenceRule['of'], { state, task, principal }: Where): SequenceProgress[] {
  if (of === 'task' && isDeclared(task)) return task.sequences;
  return (
    placeOf(state, of === 'agent' ? 'agent' : 'principal', of === 'agent' ? null : principal)?.progress ??
    NOTHING
  );
}

/** All the progress that this activity can continue, its own first. */
export function allProgress(of: SequenceRule['of'], where: Where): SequenceProgress[][] {
  const { state, task, principal } = where;
  const own = ownProgress(of, where);
  const all = own.length === 0 ? [] : [own];
  const withUndeclared =
    of === 'principal' || (of === 'task' && (!isDeclared(task) || hasUndeclared(state, principal)));
  for (const place of state.sequences) {
    if (place.progress === own || place.of === 'agent') continue;
    if (place.of === 'shared' || (withUndeclared && isSamePrincipal(place.principal, principal)))
      all.push(place.progress);
  }
  if (of !== 'task' || isDeclared(task)) return all;
  for (const other of state.tasks) {
    if (!other.implicit && other.sequences.length > 0 && isSamePrincipal(other.principal, principal)) {
      all.push(other.sequences);
    }
  }
  return all;
}

function hasUndeclared({ tasks }: AgentState, principal: string | null): boolean {
  return tasks.some((task) => task.implicit && isSamePrincipal(task.principal, principal));
}

function placeOf(state: AgentState, of: SequencePlace['of'], principal: string | null): SequencePlace | null {
  for (const place of state.sequences) if (place.of === of && place.principal === principal) return place;
  return null;
}

export function sharedProgress(state: AgentState): SequenceProgress[] {
  return placeOf(state, 'shared', null)?.progress ?? NOTHING;
}

/** With these chains of a rule, in the order of rules' numbers; none = not begun. */
export function withChains(
  progress: SequenceProgress[],
  rule: number,
  chains: SequenceChain[],
): SequenceProgress[] {
  let at = 0;
  while (at < progress.length && (progress[at] as SequenceProgress).rule < rule) at += 1;
  const known = progress[at]?.rule === rule;
  if (chains.length === 0) return known ? progress.toSpliced(at, 1) : progress;
  return known ? progress.with(at, { rule, chains }) : progress.toSpliced(at, 0, { rule, chains });
}

/**
 * Keeps what an activity has changed. With a plan, because there is more to keep than before: what is over goes, and
 * limits hold. State and task are copies.
 */
export function keepProgress(
  of: SequenceRule['of'],
  where: Where,
  progress: SequenceProgress[],
  plan: SequencePlan | null,
): void {
  const kept = plan === null ? progress : stillGoing(progress, plan, where.state.clockMs);
  if (of === 'task' && isDeclared(where.task)) where.task.sequences = kept;
  else
    keepPlace(
      where.state,
      of === 'agent' ? 'agent' : 'principal',
      of === 'agent' ? null : where.principal,
      kept,
    );
  if (plan !== null) keepWithinLimits(where, plan);
}

/** A place with nothing in it is none. */
export function keepPlace(
  state: AgentState,
  of: SequencePlace['of'],
  principal: string | null,
  progress: SequenceProgress[],
): void {
  const known = placeOf(state, of, principal);
  const at = known === null ? -1 : state.sequences.indexOf(known);
  const place = { of, principal, progress };
  if (progress.length === 0) {
    if (at >= 0) state.sequences = state.sequences.toSpliced(at, 1);
  } else if (at >= 0) state.sequences = state.sequences.with(at, place);
  else {
    state.sequences = [...state.sequences, place];
    if (of === 'principal' && principal !== null) makeRoom(state);
  }
}

/**
 * Too many principals: the first to come becomes one of those whom nobody named, who may be anybody; what waits there
 * is shared, so that somebody's next activity judges it.
 */
function makeRoom(state: AgentState): void {
  const named = state.sequences.filter((place) => place.of === 'principal' && place.principal !== null);
  if (named.length <= LIMITS.sequencePrincipals) return;
  const first = named[0] as SequencePlace;
  keepPlace(state, 'principal', first.principal, NOTHING);
  const anybody = placeOf(state, 'principal', null)?.progress ?? NOTHING;
  keepPlace(state, 'principal', null, mergedProgress(anybody, first.progress));
  const waiting = first.progress.flatMap(({ rule, chains }) => {
    const left = chains.filter(({ reached }) => reached === WAITING);
    return left.length > 0 ? [{ rule, chains: left }] : [];
  });
  keepPlace(state, 'shared', null, withBareProgress(sharedProgress(state), waiting));
}

/** The progress of both: what either can become, both can. What waits stays where it is. */
export function mergedProgress(
  into: SequenceProgress[],
  from: readonly SequenceProgress[],
): SequenceProgress[] {
  let merged = into;
  for (const { rule, chains } of from) {
    const going = chains.filter(({ reached }) => reached !== WAITING);
    if (going.length > 0) merged = withChains(merged, rule, going.reduce(withChain, chainsOf(merged, rule)));
  }
  return merged;
}

/** What a declared task had reached when it ended counts on in its parent, and in undeclared work of its principal. */
export function carryProgress(state: AgentState, task: OpenTask): void {
  if (task.sequences.length === 0) return;
  const before = placeOf(state, 'principal', task.principal)?.progress ?? NOTHING;
  keepPlace(state, 'principal', task.principal, mergedProgress(before, task.sequences));
  const parent =
    task.parentTask === null
      ? undefined
      : state.tasks.find((one) => !one.implicit && one.id === task.parentTask);
  if (parent === undefined) return;
  const sequences = mergedProgress(parent.sequences, task.sequences);
  state.tasks = state.tasks.map((one) => (one === parent ? { ...parent, sequences } : one));
}

/**
 * Too much to keep apart: what can come to nothing any more goes; then the largest joins what is shared, which counts
 * everywhere, answers to nothing and knows no values: that only makes matches likelier.
 */
export function keepWithinLimits(where: Where, plan: SequencePlan): void {
  if (totalBytes(where) <= LIMITS.sequenceBytes) return;
  dropWhatIsOver(where, plan);
  while (totalBytes(where) > LIMITS.sequenceBytes) share(where, largest(where));
}

type Keeper = SequencePlace | OpenTask;

function keepers({ state, task }: Where): Keeper[] {
  const places = state.sequences.filter(({ of }) => of !== 'shared');
  const tasks = state.tasks.filter((one) => !one.implicit && one.id !== task?.id);
  return [...places, ...tasks, ...(isDeclared(task) ? [task] : [])];
}

function progressOf(keeper: Keeper): SequenceProgress[] {
  return 'progress' in keeper ? keeper.progress : keeper.sequences;
}

function totalBytes(where: Where): number {
  return keepers(where).reduce((sum, keeper) => sum + bytesOf(progressOf(keeper)), 0);
}

function largest(where: Where): Keeper {
  return keepers(where).reduce((most, one) =>
    bytesOf(progressOf(one)) > bytesOf(progressOf(most)) ? one : most,
  );
}

function replace(where: Where, keeper: Keeper, progress: SequenceProgress[]): void {
  const { state } = where;
  if ('progress' in keeper) keepPlace(state, keeper.of, keeper.principal, progress);
  else if (keeper === where.task) keeper.sequences = progress;
  else state.tasks = state.tasks.map((one) => (one === keeper ? { ...keeper, sequences: progress } : one));
}

function share(where: Where, keeper: Keeper): void {
  const { state } = where;
  keepPlace(state, 'shared', null, withBareProgress(sharedProgress(state), progressOf(keeper)));
  replace(where, keeper, NOTHING);
}

function withBareProgress(into: SequenceProgress[], from: readonly SequenceProgress[]): SequenceProgress[] {
  return from.reduce(
    (all, { rule, chains }) => withChains(all, rule, chains.map(bare).reduce(withBare, chainsOf(all, rule))),
    into,
  );
}

function bare({ reached, times, prints, more }: SequenceChain): SequenceChain {
  const time = reached === WAITING ? (times.at(-1) as number) : (times[0] as number);
  return { reached, times: [time], prints: [], more: more || prints.length > 0 };
}

/** One per number of steps reached: that which began last, or waits longest. */
function withBare(chains: SequenceChain[], chain: SequenceChain): SequenceChain[] {
  const known = chains.find(({ reached }) => reached === chain.reached);
  if (known === undefined) return withChain(chains, chain);
  const later = startOf(chain) > startOf(known);
  const kept = later === (chain.reached !== WAITING) ? chain : known;
  return chains.map((one) => (one === known ? { ...kept, more: known.more || chain.more } : one));
}

function dropWhatIsOver(where: Where, plan: SequencePlan): void {
  const now = where.state.clockMs;
  for (const keeper of keepers(where)) {
    const before = progressOf(keeper);
    const after = stillGoing(before, plan, now);
    if (after !== before) replace(where, keeper, after);
  }
}

/** Without chains that are out of time and rules that are no longer there. The same list when all of it still counts. */
export function stillGoing(
  progress: SequenceProgress[],
  plan: SequencePlan,
  now: number,
): SequenceProgress[] {
  let kept = progress;
  for (const { rule, chains } of progress) {
    const within = plan.byId.get(rule)?.rule.withinMs ?? -1;
    const live = chains.filter(
      (chain) => (chain.reached === WAITING && within >= 0) || now - startOf(chain) <= within,
    );
    if (live.length < chains.length) kept = withChains(kept, rule, live);
  }
  return kept;
}

/** Near enough what it takes up in the state. */
function bytesOf(progress: readonly SequenceProgress[]): number {
  let bytes = 0;
  for (const { chains } of progress) {
    bytes += 8;
    for (const { times, prints } of chains) bytes += 6 + 6 * times.length + 5 * prints.length;
  }
  return bytes;
}
