/**
 * What an agent usually does: decayed counts, learned only from what was allowed, slower while risk is up and not at
 * all while it is high, so that an attacker cannot teach it.
 *
 * Forward decay: an event at time t adds `2^((t − landmark) / halfLife)`, and reading divides by the same factor of now.
 * That way counting one name leaves all others untouched.
 */
import type { Effect, Level, ToolCall, ToolResult } from '#activity/types';
import { amountOf, counted, scaled } from './counts.js';
import { LIMITS } from './limits.js';
import type { Profile, Rate } from './state.js';

/** Amounts are rescaled when the landmark is this many half-lives back, long before numbers lose precision. */
const LANDMARK_HALF_LIVES = 16;
const RATE_HALF_LIFE_MS = 60_000;

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
  share: number,
  now: number,
  halfLifeMs: number,
): Profile {
  const profile = withLandmark(before, now, halfLifeMs);
  const amount = share / decayTo(profile, now, halfLifeMs);
  const { transitions } = profile;
  return {
    landmarkMs: profile.landmarkMs,
    calls: profile.calls + amount,
    results: profile.results,
    tools: counted(profile.tools, `${call.server}/${call.tool}`, amount, LIMITS.tools),
    effects: counted(profile.effects, call.effect, amount, EFFECT_KINDS),
    classes: profile.classes,
    servers: counted(profile.servers, call.server, amount, LIMITS.servers),
    transitions:
      previous === null
        ? transitions
        : counted(transitions, `${previous}>${call.effect}`, amount, LIMITS.transitions),
  };
}
const EFFECT_KINDS = 7;

export function learnResult(
  before: Profile,
  result: ToolResult,
  share: number,
  now: number,
  halfLifeMs: number,
): Profile {
  const profile = withLandmark(before, now, halfLifeMs);
  const amount = share / decayTo(profile, now, halfLifeMs);
  let { classes } = profile;
  for (const name of result.dataClasses) classes = counted(classes, name, amount, LIMITS.classes);
  return { ...profile, results: profile.results + amount, classes };
}

function withLandmark(profile: Profile, now: number, halfLifeMs: number): Profile {
  if (profile.landmarkMs === 0) return { ...profile, landmarkMs: now };
  if (now - profile.landmarkMs < LANDMARK_HALF_LIVES * halfLifeMs) return profile;
  const factor = decayTo(profile, now, halfLifeMs);
  return {
    landmarkMs: now,
    calls: profile.calls * factor,
    results: profile.results * factor,
    tools: scaled(profile.tools, factor),
    effects: scaled(profile.effects, factor),
    classes: scaled(profile.classes, factor),
    servers: scaled(profile.servers, factor),
    transitions: scaled(profile.transitions, factor),
  };
}

/** Surprise in bits of one more event `name`, given `total` events, with `strength` imagined ones at rate `prior`. */
export function surpriseBits(count: number, total: number, prior: number, strength: number): number {
  return -Math.log2((count + strength * prior) / (total + strength));
}

/** Count of a name as of now. */
export function countAt(
  profile: Profile,
  kind: 'tools' | 'effects' | 'classes' | 'servers',
  name: string,
  decay: number,
): number {
  return amountOf(profile[kind], name) * decay;
}

/** Calls and bytes of the last minutes; counted whatever the risk, for it is what happens, not what is usual. */
export function rateAfterCall(rate: Rate, call: ToolCall, now: number): Rate {
  const keep = 2 ** ((rate.at - now) / RATE_HALF_LIFE_MS);
  return {
    at: now,
    calls: rate.calls * keep + 1,
    argumentsBytes: rate.argumentsBytes * keep + call.argumentsBytes,
    resultBytes: rate.resultBytes * keep,
    records: rate.records * keep,
  };
}

export function rateAfterResult(rate: Rate, result: ToolResult, now: number): Rate {
  const keep = 2 ** ((rate.at - now) / RATE_HALF_LIFE_MS);
  return {
    at: now,
    calls: rate.calls * keep,
    argumentsBytes: rate.argumentsBytes * keep,
    resultBytes: rate.resultBytes * keep + result.resultBytes,
    records: rate.records * keep + result.records,
  };
}
