/**
 * `risk = 100 × (1 − Π (1 − wᵢ · 2^(−Δtᵢ / halfLifeᵢ)))` over live evidence (design §6).
 * Evidence of one detector together counts at most its `ceiling`, so that noise of one kind cannot reach critical.
 */
import { countsIn } from './implicit-tasks.js';
import type { Policy } from './policy.js';
import type { LiveEvidence } from './state.js';

/** Weight of a piece of evidence as of now. What is confirmed, or from later than now (a clock just clamped), weighs in full. */
export function weightAt(evidence: LiveEvidence, now: number): number {
  const ageMs = now - Math.max(evidence.time, evidence.heldUntil);
  return ageMs <= 0 ? evidence.weight : evidence.weight * 2 ** (-ageMs / evidence.halfLifeMs);
}

/** 0–100, unrounded. Exactly the same for the same set: the state keeps evidence ordered by key. */
export function riskOf(policy: Policy, evidence: LiveEvidence[], now: number): number {
  let rest = 1;
  for (let first = 0; first < evidence.length; first++) {
    const { detector } = evidence[first] as LiveEvidence;
    if (stoodBefore(evidence, first)) continue;
    let doubt = 1;
    // Gone through again for each detector: they are few, and nothing has to be kept. This runs with every call of an agent under suspicion.
    for (let at = first; at < evidence.length; at++) {
      const piece = evidence[at] as LiveEvidence;
      if (piece.detector === detector) doubt *= 1 - weightAt(piece, now);
    }
    rest *= Math.max(doubt, 1 - ceilingOf(policy, detector));
  }
  return 100 * (1 - rest);
}

function stoodBefore(evidence: LiveEvidence[], at: number): boolean {
  const { detector } = evidence[at] as LiveEvidence;
  for (let i = 0; i < at; i++) if ((evidence[i] as LiveEvidence).detector === detector) return true;
  return false;
}

function ceilingOf(policy: Policy, detector: string): number {
  return policy.detectors[detector]?.ceiling ?? 1;
}

/** What counts towards a task: its own evidence, and what was too much to keep apart. All of it = the same array. */
export function evidenceOfTask(
  evidence: LiveEvidence[],
  task: string,
  withObserved: boolean,
): LiveEvidence[] {
  const counts = (piece: LiveEvidence) =>
    (countsIn(task, piece.task) || isRemainder(piece)) && (withObserved || !piece.observed);
  return evidence.every(counts) ? evidence : evidence.filter(counts);
}

/**
 * What counts towards the agent: of each kind the heaviest now, whichever task it is from. Evidence comes ordered by
 * key, so that one kind stands together.
 */
export function evidenceOfAgent(
  evidence: LiveEvidence[],
  now: number,
  withObserved: boolean,
): LiveEvidence[] {
  const heaviest: LiveEvidence[] = [];
  for (const piece of evidence) {
    if (piece.observed && !withObserved) continue;
    const last = heaviest.at(-1);
    if (last?.kind !== piece.kind) heaviest.push(piece);
    else if (weightAt(piece, now) > weightAt(last, now)) heaviest[heaviest.length - 1] = piece;
  }
  return heaviest;
}

export const REMAINDER = 'remainder';

export function isRemainder(piece: LiveEvidence): boolean {
  return piece.task === null && piece.kind.startsWith(REMAINDER);
}
