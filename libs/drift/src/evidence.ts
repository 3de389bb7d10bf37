/** Live evidence: what comes in refreshes or is added, what is too much merges, what was answered is settled. */
import type { Evidence } from '#activity/types';
import { FAINT_WEIGHT, LIMITS } from './limits.js';
import type { Policy } from './policy.js';
import { isRemainder, REMAINDER, weightAt } from './risk.js';
import type { LiveEvidence, SettledKey } from './state.js';
import { sequenceTags, tagsOf } from './tags.js';
import { isUnusual, UNUSUAL_REMAINDER } from './unusual.js';

/** The key of a kind of evidence within a task. */
export function evidenceKey(kind: string, task: string | null): string {
  return `${kind}@${task ?? ''}`;
}

/** The kind in a key, and the task; empty = the agent's own. */
export function kindOf(key: string): string {
  return key.slice(0, Math.max(0, key.lastIndexOf('@')));
}
export function taskOf(key: string): string {
  return key.slice(key.lastIndexOf('@') + 1);
}

/** Settles a kind in every task; no task has such an id. */
export function everywhere(kind: string): string {
  return evidenceKey(kind, '*');
}

/** As it goes into alerts and revocations. */
export function published(policy: Policy, piece: LiveEvidence): Evidence {
  const { key, detector, weight, time, halfLifeMs, task, explanation, cause } = piece;
  const tags = sequenceTags(policy, piece) ?? tagsOf(detector);
  return { key, detector, weight, time, halfLifeMs, task, explanation, cause, tags };
}

/** Likewise, so that its weight at its time and half-life give what it weighs now, confirmed or not. */
export function publishedAt(policy: Policy, piece: LiveEvidence, now: number): Evidence {
  const evidence = published(policy, piece);
  return piece.heldUntil > piece.time ? { ...evidence, time: Math.min(piece.heldUntil, now) } : evidence;
}

/**
 * With `piece` among them: the same key refreshes (never lighter or older than it already counts for), another is put
 * in its place by key. Too many: the lightest merges into the remainder of its detector.
 */
export function withEvidence(
  policy: Policy,
  evidence: LiveEvidence[],
  piece: LiveEvidence,
  now: number,
): LiveEvidence[] {
  const at = evidence.findIndex(({ key }) => key >= piece.key);
  const place = at < 0 ? evidence.length : at;
  const known = evidence[place];
  if (known?.key === piece.key) return evidence.with(place, refreshed(known, piece));
  let kept = evidence.toSpliced(place, 0, piece);
  while (kept.length > LIMITS.evidence) kept = withoutLightest(policy, kept, now);
  return kept;
}

function refreshed(known: LiveEvidence, piece: LiveEvidence): LiveEvidence {
  const observed = known.observed && piece.observed;
  const heldUntil = Math.max(known.heldUntil, piece.heldUntil);
  if (known.observed !== piece.observed) return { ...(known.observed ? piece : known), observed, heldUntil };
  const [newer, older] = piece.time >= known.time ? [piece, known] : [known, piece];
  const weight = Math.max(newer.weight, weightAt(older, newer.time));
  return { ...newer, weight, halfLifeMs: Math.max(known.halfLifeMs, piece.halfLifeMs), heldUntil, observed };
}

function withoutLightest(policy: Policy, evidence: LiveEvidence[], now: number): LiveEvidence[] {
  let lightest: LiveEvidence | null = null;
  for (const piece of evidence) {
    if (isRemainder(piece)) continue;
    if (lightest === null || weightAt(piece, now) < weightAt(lightest, now)) lightest = piece;
  }
  if (lightest === null) return evidence;
  const rest = evidence.filter((piece) => piece !== lightest);
  const remainder = merged(policy, rest, lightest, now);
  const at = rest.findIndex(({ key }) => key >= remainder.key);
  if (rest[at]?.key === remainder.key) return rest.with(at, remainder);
  return rest.toSpliced(at < 0 ? rest.length : at, 0, remainder);
}

/**
 * The remainder of a detector weighs what all that was dropped weighed together, up to the detector's ceiling, decays
 * as slowly as the slowest of it, and counts in every task: dropping never helps.
 */
function merged(policy: Policy, evidence: LiveEvidence[], dropped: LiveEvidence, now: number): LiveEvidence {
  const of = isUnusual(policy, dropped) ? UNUSUAL_REMAINDER : `${REMAINDER}/`;
  const kind = `${of}${dropped.detector}${dropped.observed ? '/observed' : ''}`;
  const key = evidenceKey(kind, null);
  const known = evidence.find((piece) => piece.key === key);
  const ceiling = policy.detectors[dropped.detector]?.ceiling ?? 1;
  const together = 1 - (1 - weightAt(dropped, now)) * (1 - (known ? weightAt(known, now) : 0));
  return {
    key,
    kind,
    detector: dropped.detector,
    task: null,
    weight: Math.max(Math.min(together, ceiling), weightAt(dropped, now)),
    time: now,
    halfLifeMs: Math.max(dropped.halfLifeMs, known?.halfLifeMs ?? 0),
    heldUntil: Math.max(dropped.heldUntil, known?.heldUntil ?? 0),
    explanation: `More ${dropped.detector} evidence than is kept one by one, taken together.`,
    cause: dropped.cause,
    observed: dropped.observed,
  };
}

/** Without what says nothing any more. The same array when all of it still does. */
export function stillLive(evidence: LiveEvidence[], now: number): LiveEvidence[] {
  for (const piece of evidence) if (!isLive(piece, now)) return evidence.filter((one) => isLive(one, now));
  return evidence;
}

/** Within its half-life, as most of it is, nothing has to be worked out. */
function isLive(piece: LiveEvidence, now: number): boolean {
  if (now - piece.time <= piece.halfLifeMs && piece.weight >= 2 * FAINT_WEIGHT) return true;
  return weightAt(piece, now) >= FAINT_WEIGHT;
}

/** With these keys settled until then. Beyond the limit the oldest no longer excuses. */
export function withSettled(settled: SettledKey[], keys: string[], until: number): SettledKey[] {
  const fresh = [...new Set(keys)].map((key) => ({ key, until }));
  const kept = settled.filter(({ key }) => !keys.includes(key));
  return [...kept, ...fresh].slice(-LIMITS.settled);
}

export function isSettled(settled: SettledKey[], key: string, now: number): boolean {
  if (settled.length === 0) return false;
  const inEveryTask = everywhere(kindOf(key));
  return settled.some((entry) => (entry.key === key || entry.key === inEveryTask) && entry.until > now);
}
