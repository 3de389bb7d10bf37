/**
 * Progress of one rule, constant in size: of all the ways in which so many steps were done, only the one that began last
 * is kept, because whatever any of them can still become, that one becomes in time too. Where values must be shared, it
 * is so for each value; of what waits for something absent, only what waits longest. What has to be dropped makes a
 * match likelier, never less likely.
 */
import type { SequenceChain, SequenceProgress } from '../state.js';
import { isMet } from './conditions.js';
import type { PlannedRule, Seen, Touch } from './plan.js';
import type { SequenceStep } from './rule.js';

/** Chains kept apart by the values they share, per number of steps reached. Beyond it the oldest two become one. */
export const CHAINS_MAX = 4;
/** Values kept per number of steps reached. Beyond it the oldest are dropped: what is not found counts as found. */
export const PRINTS_MAX = 32;
/** All steps are done; something must not be absent. */
export const WAITING = 0;

const NO_CHAINS: SequenceChain[] = [];
const NO_PRINTS: number[] = [];

/**
 * What `position`, whose step was seen, makes of the chains before it, in all the progress that counts here.
 */
export function continued(
  one: PlannedRule,
  position: number,
  lists: readonly (readonly SequenceProgress[])[],
  seen: Seen,
  now: number,
): readonly SequenceChain[] {
  if (position === 0) return begun(one, seen, now);
  let found: SequenceChain[] | null = null;
  for (const progress of lists) {
    for (const chain of chainsOf(progress, one.id)) {
      if (chain.reached !== position || now - startOf(chain) > one.rule.withinMs) continue;
      const next = withStep(one, position, chain, seen, now);
      if (next !== null) (found ??= []).push(next);
    }
  }
  return found ?? NO_CHAINS;
}

/** Progress of one rule among that of all, which is in the order of rules' numbers. */
export function chainsOf(progress: readonly SequenceProgress[], rule: number): SequenceChain[] {
  for (const one of progress) {
    if (one.rule >= rule) return one.rule === rule ? one.chains : NO_CHAINS;
  }
  return NO_CHAINS;
}

/** Whether a step was seen as it is asked for, with a value of the chain where it must share one. */
function withStep(
  one: PlannedRule,
  position: number,
  chain: SequenceChain,
  seen: Seen,
  now: number,
): SequenceChain | null {
  const step = one.positions[position] as SequenceStep;
  let { prints, more } = chain;
  if (position === one.anchor) ({ prints, more } = printsOf(seen, one.kinds));
  else if (step.sameValue !== null) {
    prints = shared(chain, step.sameValue.kinds, seen);
    more = more || seen.valuesDropped > 0;
  }
  if ((position === one.anchor || step.sameValue !== null) && prints.length === 0 && !more) return null;
  return {
    reached: reachedAfter(one, position),
    times: timesAfter(one, position, chain.times, now),
    prints,
    more,
  };
}

function begun(one: PlannedRule, seen: Seen, now: number): readonly SequenceChain[] {
  const { prints, more } = one.anchor === 0 ? printsOf(seen, one.kinds) : { prints: NO_PRINTS, more: false };
  if (one.anchor === 0 && prints.length === 0 && !more) return NO_CHAINS;
  return [{ reached: reachedAfter(one, 0), times: [now], prints, more }];
}

function reachedAfter(one: PlannedRule, position: number): number {
  return position + 1 === one.positions.length ? WAITING : position + 1;
}

/** When each step was first done; when all are, the last one is now. */
function timesAfter(one: PlannedRule, position: number, times: number[], now: number): number[] {
  if (one.numbers[position] !== one.numbers[position - 1]) return [...times, now];
  return position + 1 === one.positions.length ? [...times.slice(0, -1), now] : times;
}

export function startOf({ times }: SequenceChain): number {
  return times[0] as number;
}

function lastOf({ times }: SequenceChain): number {
  return times[times.length - 1] as number;
}

/** The values of an activity that later steps may share, of these kinds; where it goes to is one of them. */
function printsOf(seen: Seen, kinds: PlannedRule['kinds']): Pick<SequenceChain, 'prints' | 'more'> {
  const prints: number[] = [];
  let more = seen.valuesDropped > 0;
  const add = (print: string) => {
    const short = shortPrint(print);
    if (prints.includes(short)) return;
    if (prints.length < PRINTS_MAX) prints.push(short);
    else more = true;
  };
  if (seen.type === 'ToolCall' && seen.destination !== null) add(seen.destination.print);
  for (const { kind, print } of seen.values) if (kinds.has(kind)) add(print);
  return { prints, more };
}

/** Values of the chain that this activity has too. */
function shared(chain: SequenceChain, kinds: readonly string[], seen: Seen): number[] {
  const found: number[] = [];
  const add = (print: string) => {
    const short = shortPrint(print);
    if (chain.prints.includes(short) && !found.includes(short)) found.push(short);
  };
  if (seen.type === 'ToolCall' && seen.destination !== null) add(seen.destination.print);
  for (const { kind, print } of seen.values) if (kinds.includes(kind)) add(print);
  return found;
}

/** The first 32 of 64 bits: among the few that are compared, two alike by chance are one in millions. */
function shortPrint(print: string): number {
  return Number.parseInt(print.slice(0, 8), 16) | 0;
}

/** The rule's own chains after this activity: those it continued, without those it put an end to. */
export function chainsAfter(
  touch: Touch,
  own: SequenceChain[],
  lists: readonly (readonly SequenceProgress[])[],
  seen: Seen,
  now: number,
): SequenceChain[] {
  const one = touch.planned;
  const final = one.ending === null ? one.positions.length - 1 : one.positions.length;
  let chains = own.length > 0 && (touch.between.length > 0 || touch.ending) ? spared(touch, own, seen) : own;
  let isCopy = chains !== own;
  for (const { step, positions } of touch.steps) {
    if (positions.at(-1) !== 0 && lists.length === 0) continue;
    if (!isMet(step, seen)) continue;
    for (const position of positions) {
      if (position === final) continue;
      if (sharesValues(one, position)) {
        for (const chain of continued(one, position, lists, seen, now)) chains = withBound(chains, chain);
        isCopy = true;
        continue;
      }
      const chain = continuedLatest(one, position, lists, now);
      if (chain === null) continue;
      if (!isCopy) chains = own.slice();
      isCopy = true;
      putOnly(chains, chain);
    }
  }
  return isCopy && same(own, chains) ? own : chains;
}

/** From the step on whose values later ones share, chains are kept apart by their values. */
function sharesValues({ anchor }: PlannedRule, position: number): boolean {
  return anchor >= 0 && position >= anchor;
}

/** Likewise where no values are shared: there is one chain to continue, the one that began last. */
function continuedLatest(
  one: PlannedRule,
  position: number,
  lists: readonly (readonly SequenceProgress[])[],
  now: number,
): SequenceChain | null {
  if (position === 0) return { reached: reachedAfter(one, 0), times: [now], prints: NO_PRINTS, more: false };
  let latest: SequenceChain | null = null;
  for (const progress of lists) {
    for (const chain of chainsOf(progress, one.id)) {
      if (chain.reached === position && (latest === null || startOf(chain) > startOf(latest))) latest = chain;
    }
  }
  if (latest === null || now - startOf(latest) > one.rule.withinMs) return null;
  const times = timesAfter(one, position, latest.times, now);
  return { reached: reachedAfter(one, position), times, prints: NO_PRINTS, more: false };
}

/** Without the chains that this activity, which must not come now, or was waited for, puts an end to. */
function spared({ planned, between, ending }: Touch, own: SequenceChain[], seen: Seen): SequenceChain[] {
  let chains = own;
  for (const { reached, steps } of between) {
    for (const step of steps) {
      if (isMet(step, seen))
        chains = chains.flatMap((chain) => (chain.reached === reached ? without(step, chain, seen) : chain));
    }
  }
  if (ending && isMet(planned.ending as SequenceStep, seen)) {
    chains = chains.flatMap((chain) => (chain.reached === WAITING ? answered(planned, chain, seen) : chain));
  }
  return same(own, chains) ? own : chains;
}

/** What was between counts for the values it has, or where the step shares none, for all. */
function without(step: SequenceStep, chain: SequenceChain, seen: Seen): SequenceChain[] {
  if (step.sameValue === null) return [];
  const gone = shared(chain, step.sameValue.kinds, seen);
  if (gone.length === 0) return [chain];
  const prints = chain.prints.filter((print) => !gone.includes(print));
  return prints.length > 0 || chain.more ? [{ ...chain, prints }] : [];
}

function answered({ ending }: PlannedRule, chain: SequenceChain, seen: Seen): SequenceChain[] {
  const { sameValue } = ending as SequenceStep;
  return sameValue === null || shared(chain, sameValue.kinds, seen).length > 0 ? [] : [chain];
}

/** It was to happen by now, and has not. */
export function isOverdue(one: PlannedRule, chain: SequenceChain, now: number): boolean {
  if (chain.reached !== WAITING || one.ending === null) return false;
  return now - lastOf(chain) > (one.ending.withinMs as number);
}

/** With this chain among them, ordered by steps reached and beginning; bounded. */
export function withChain(chains: SequenceChain[], chain: SequenceChain): SequenceChain[] {
  if (isBound(chain)) return withBound(chains, chain);
  const copy = chains.slice();
  putOnly(copy, chain);
  return copy;
}

function withBound(chains: SequenceChain[], chain: SequenceChain): SequenceChain[] {
  const others = chains.filter(({ reached }) => reached !== chain.reached);
  const peers = chains.filter(({ reached }) => reached === chain.reached);
  const kept = chain.reached === WAITING ? waiting(peers, chain) : latest(peers, chain);
  return [...others, ...kept].toSorted((a, b) => a.reached - b.reached || startOf(a) - startOf(b));
}

/** Where no values are shared there is one chain: the one that began last, or that waits longest. Changes `chains`. */
function putOnly(chains: SequenceChain[], chain: SequenceChain): void {
  let at = 0;
  while (at < chains.length && (chains[at] as SequenceChain).reached < chain.reached) at += 1;
  const known = chains[at];
  if (known?.reached !== chain.reached) {
    chains.splice(at, 0, chain);
    return;
  }
  const stays = chain.reached === WAITING ? lastOf(known) <= lastOf(chain) : startOf(known) > startOf(chain);
  if (!stays) chains[at] = chain;
}

/** Too many wait: the last of them answers to nothing any more, and is due when it would have been. */
function waiting(peers: SequenceChain[], chain: SequenceChain): SequenceChain[] {
  const kept = [...peers, chain];
  if (kept.length <= CHAINS_MAX) return kept;
  const last = kept[CHAINS_MAX - 1] as SequenceChain;
  return [...kept.slice(0, CHAINS_MAX - 1), { ...last, prints: NO_PRINTS, more: true }];
}

/** Whoever began later has more time left; for each value it is so apart. */
function latest(peers: SequenceChain[], chain: SequenceChain): SequenceChain[] {
  const kept: SequenceChain[] = [];
  let { prints, more } = chain;
  for (const peer of peers) {
    if (startOf(peer) > startOf(chain)) {
      prints = prints.filter((print) => !peer.prints.includes(print));
      more = more && !peer.more;
      kept.push(peer);
    } else {
      const rest = peer.prints.filter((print) => !chain.prints.includes(print));
      if (rest.length > 0 || (peer.more && !chain.more)) {
        kept.push({ ...peer, prints: rest, more: peer.more && !chain.more });
      }
    }
  }
  if (prints.length > 0 || more) kept.push({ ...chain, prints, more });
  return boundedChains(kept.toSorted((a, b) => startOf(a) - startOf(b)));
}

function isBound({ prints, more }: SequenceChain): boolean {
  return prints.length > 0 || more;
}

/** Too many: the oldest two become one that began when the later of them did. Too many values: the oldest go. */
function boundedChains(chains: SequenceChain[]): SequenceChain[] {
  let kept = chains;
  while (kept.length > CHAINS_MAX) {
    const [older, newer, ...rest] = kept as [SequenceChain, SequenceChain, ...SequenceChain[]];
    const prints = [...newer.prints, ...older.prints];
    kept = [{ ...newer, prints, more: newer.more || older.more }, ...rest];
  }
  let room = PRINTS_MAX;
  return kept
    .toReversed()
    .map((chain) => {
      const prints = chain.prints.slice(0, Math.max(0, room));
      room -= chain.prints.length;
      return prints.length === chain.prints.length ? chain : { ...chain, prints, more: true };
    })
    .toReversed();
}

function same(a: readonly SequenceChain[], b: readonly SequenceChain[]): boolean {
  return a.length === b.length && a.every((chain, at) => chain === b[at]);
}
