/**
 * `risk = 100 × (1 − Π (1 − wᵢ · 2^(−Δtᵢ / halfLifeᵢ)))` over live evidence (design §6).
 * Evidence of one detector together counts at most its `ceiling`, so that noise of one kind cannot reach critical.
 */
import { countsIn } from './implicit-tasks.js';
import type { Policy } from './policy.js';
import type { LiveEvidence } from './state.js';

/** Weight of a piece of evidence as of now. Evidence from later than now (a clock just clamped) weighs in full. */
export function weightAt(evidence: LiveEvidence, now: number): number {
  const ageMs = now - evidence.time;
  return ageMs <= 0 ? evidence.weight : evidence.weight * 2 ** (-ageMs / evidence.halfLifeMs);
}

/** 0–100, unrounded. Exactly the same for the same set: the state keeps evidence ordered by key. */
export function riskOf(policy: Policy, evidence: LiveEvidence[], now: number): number {
  if (evidence.length === 0) return 0;
  const doubt = new Map<string, number>();
  for (const piece of evidence) {
    doubt.set(piece.detector, (doubt.get(piece.detector) ?? 1) * (1 - weightAt(piece, now)));
  }
  let rest = 1;
  for (const [detector, left] of doubt) rest *= Math.max(left, 1 - ceilingOf(policy, detector));
  return 100 * (1 - rest);
}

function ceilingOf(policy: Policy, detector: string): number {
  return policy.detectors[detector]?.ceiling ?? 1;
}

/** What counts towards a task: its own evidence, and what was too much to keep apart. */
export function evidenceOfTask(
  evidence: LiveEvidence[],
  task: string,
  withObserved: boolean,
): LiveEvidence[] {
  return evidence.filter(
    (piece) => (countsIn(task, piece.task) || isRemainder(piece)) && (withObserved || !piece.observed),
  );
}

/** What counts towards the agent: of each kind the heaviest now, whichever task it is from. */
export function evidenceOfAgent(
  evidence: LiveEvidence[],
  now: number,
  withObserved: boolean,
): LiveEvidence[] {
  const heaviest = new Map<string, LiveEvidence>();
  for (const piece of evidence) {
    if (piece.observed && !withObserved) continue;
    const other = heaviest.get(piece.kind);
    if (other === undefined || weightAt(piece, now) > weightAt(other, now)) heaviest.set(piece.kind, piece);
  }
  return [...heaviest.values()];
}

export const REMAINDER = 'remainder';

export function isRemainder(piece: LiveEvidence): boolean {
  return piece.task === null && piece.kind.startsWith(REMAINDER);
}
