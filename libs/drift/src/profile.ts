/**
 * What an agent usually does: decayed counts, learned only from what was allowed, slower while risk is up and not at
 * all while it is high, so that an attacker cannot teach it.
 *
 * Forward decay: an event at time t adds `2^((t − landmark) / halfLife)`, and reading divides by the same factor of now.
 * That way counting one name leaves all others untouched.
 */
import { EFFECTS, type Effect, type Level, type ToolCall, type ToolResult } from '#activity/types';
import { areasOf } from './areas.js';
import { amountOf, counted, countedTool, scaled } from './counts.js';
import { LIMITS } from './limits.js';
import { sensitivityOf } from './sensitivity.js';
import type { Counts, OpenTask, Profile } from './state.js';

/** Amounts are rescaled when the landmark is this many half-lives back, long before numbers lose precision. */
const LANDMARK_HALF_LIVES = 16;

/** How much of an event is learned at each level of risk. */
const LEARNING: Record<Level, number> = { normal: 1, elevated: 0.25, high: 0, critical: 0 };

export function learningAt(level: Level): number {
  return LEARNING[level];
}

/** The factor that turns a scaled amount into a count as of `now`. */
export function decayTo(profile: Profile, now: number, halfLifeMs: number): number {
  return 2 ** ((profile.landmarkMs - now) / halfLifeMs);
}

export function learnCall(
  before: Profile,
  call: ToolCall,
  previous: Effect | null,
  learning: Learning,
): Profile {
  const profile = withLandmark(before, learning);
  const amount = learning.share / decayTo(profile, learning.now, learning.halfLifeMs);
  return {
    landmarkMs: profile.landmarkMs,
    calls: profile.calls + amount,
    results: profile.results,
    tools: countedTool(profile.tools, call.server, call.tool, amount, LIMITS.tools),
    classes: withClasses(profile.classes, call.dataClasses, amount, learning),
    transitions: counted(profile.transitions, transition(previous, call.effect), amount, LIMITS.transitions),
    areas: withAreas(profile.areas, areasOf(call.resource), amount),
  };
}

export function learnResult(before: Profile, result: ToolResult, learning: Learning): Profile {
  const profile = withLandmark(before, learning);
  const amount = learning.share / decayTo(profile, learning.now, learning.halfLifeMs);
  return {
    landmarkMs: profile.landmarkMs,
    calls: profile.calls,
    results: profile.results + amount,
    tools: profile.tools,
    classes: withClasses(profile.classes, result.dataClasses, amount, learning),
    transitions: profile.transitions,
    areas: profile.areas,
  };
}

export interface Learning {
  /** 0 < share ≤ 1: how much of the event is learned. */
  share: number;
  now: number;
  halfLifeMs: number;
  /** By data class; what is not sensitive at all is not counted. */
  sensitivities: Record<string, number>;
}

function withAreas(before: Counts, areas: readonly string[], amount: number): Counts {
  let counts = before;
  for (const area of areas) counts = counted(counts, area, amount, LIMITS.areas);
  return counts;
}

function withClasses(
  before: Counts,
  classes: readonly string[],
  amount: number,
  { sensitivities }: Learning,
): Counts {
  let counts = before;
  for (const name of classes) {
    if (sensitivityOf(sensitivities, name) > 0) counts = counted(counts, name, amount, LIMITS.classes);
  }
  return counts;
}

/** `read>write`; made once, for it is looked up with every call. */
export function transition(previous: Effect | null, effect: Effect): string {
  return TRANSITIONS[previous ?? 'start'][effect];
}
const TRANSITIONS = Object.fromEntries(
  ['start', ...EFFECTS].map((from) => [from, Object.fromEntries(EFFECTS.map((to) => [to, `${from}>${to}`]))]),
) as Record<Effect | 'start', Record<Effect, string>>;

function withLandmark(profile: Profile, { now, halfLifeMs }: Learning): Profile {
  if (profile.landmarkMs === 0) return { ...profile, landmarkMs: now };
  if (now - profile.landmarkMs < LANDMARK_HALF_LIVES * halfLifeMs) return profile;
  const factor = decayTo(profile, now, halfLifeMs);
  return {
    landmarkMs: now,
    calls: profile.calls * factor,
    results: profile.results * factor,
    tools: scaled(profile.tools, factor),
    classes: scaled(profile.classes, factor),
    transitions: scaled(profile.transitions, factor),
    areas: scaled(profile.areas, factor),
  };
}

/** Surprise in bits of one more event `name`, given `total` events, with `strength` imagined ones at rate `prior`. */
export function surpriseBits(count: number, total: number, prior: number, strength: number): number {
  return -Math.log2((count + strength * prior) / (total + strength));
}

/**
 * How much of `learned` calls or results, as of now, is experience to judge a task by. What a declared task does itself,
 * however often, does not show what its agent usually does: a hundred reads are no precedent against the write that they
 * lead to. Undeclared work has nothing else to be held against, so there everything counts.
 */
export function experienceFor(task: OpenTask | null, learned: number): number {
  return task === null || task.implicit ? learned : Math.max(0, learned - task.calls);
}

/** How often a class was touched, as of the time that `decay` is for. */
export function classCount(profile: Profile, name: string, decay: number): number {
  return amountOf(profile.classes, name) * decay;
}

/** How many calls had this effect, whatever came before. */
export function effectCount(profile: Profile, effect: Effect, decay: number): number {
  const { names, amounts } = profile.transitions;
  const end = `>${effect}`;
  let sum = 0;
  for (let i = 0; i < names.length; i++) {
    if ((names[i] as string).endsWith(end)) sum += amounts[i] as number;
  }
  return sum * decay;
}
