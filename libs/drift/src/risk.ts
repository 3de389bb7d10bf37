/**
 * `risk = 100 × (1 − Π (1 − wᵢ · 2^(−Δtᵢ / halfLifeᵢ)))` over live evidence (design §6).
 * Evidence of one detector, or of a family of them, together counts at most its `ceiling`, so that noise of one kind cannot
 * reach critical, and where the policy says so its further pieces add little to the heaviest. What is only unusual counts
 * by itself, or adds little to the rest: `unusual.ts`.
 */
import { countsIn } from './implicit-tasks.js';
import type { Policy } from './policy.js';
import type { LiveEvidence } from './state.js';
import { isUnusual } from './unusual.js';

/** Weight of a piece of evidence as of now. What is confirmed, or from later than now (a clock just clamped), weighs in full. */
export function weightAt(evidence: LiveEvidence, now: number): number {
  const ageMs = now - Math.max(evidence.time, evidence.heldUntil);
  return ageMs <= 0 ? evidence.weight : evidence.weight * 2 ** (-ageMs / evidence.halfLifeMs);
}

/** 0–100, unrounded. Exactly the same for the same set: the state keeps evidence ordered by key. */
export function riskOf(policy: Policy, evidence: LiveEvidence[], now: number): number {
  let unusual = 1;
  let rest = 1;
  for (let at = 0; at < evidence.length; at++) {
    const piece = evidence[at] as LiveEvidence;
    if (isUnusual(policy, piece)) unusual *= 1 - weightAt(piece, now);
    else if (!stoodBefore(policy, evidence, at)) rest *= doubtLeftBy(policy, evidence, at, now);
  }
  if (policy.unusual === undefined || unusual === 1) return 100 * (1 - rest);
  const { ceiling, beside } = policy.unusual;
  const alone = Math.max(unusual, 1 - ceiling);
  return 100 * (1 - Math.min(alone, rest * Math.max(unusual, 1 - beside)));
}

/**
 * By all evidence of the family of `evidence[from]`: the heaviest piece in full, of each other what the family's `adds` leaves
 * of it. Gone through again for each family: they are few, and nothing has to be kept. This runs with every call of an agent
 * under suspicion.
 */
function doubtLeftBy(policy: Policy, evidence: LiveEvidence[], from: number, now: number): number {
  const family = familyOf(policy, (evidence[from] as LiveEvidence).detector);
  let doubt = 1;
  let heaviest = 0;
  for (let at = from; at < evidence.length; at++) {
    const piece = evidence[at] as LiveEvidence;
    if (familyOf(policy, piece.detector) !== family || isUnusual(policy, piece)) continue;
    const weight = weightAt(piece, now);
    doubt *= 1 - weight;
    if (weight > heaviest) heaviest = weight;
  }
  const settings = policy.detectors[family];
  const adds = settings?.adds ?? 1;
  if (adds < 1 && heaviest < 1) doubt = (1 - heaviest) * (doubt / (1 - heaviest)) ** adds;
  return Math.max(doubt, 1 - (settings?.ceiling ?? 1));
}

function stoodBefore(policy: Policy, evidence: LiveEvidence[], at: number): boolean {
  const family = familyOf(policy, (evidence[at] as LiveEvidence).detector);
  for (let i = 0; i < at; i++) {
    const piece = evidence[i] as LiveEvidence;
    if (familyOf(policy, piece.detector) === family && !isUnusual(policy, piece)) return true;
  }
  return false;
}

/** The detector that it counts together with, or itself. */
function familyOf(policy: Policy, detector: string): string {
  return policy.detectors[detector]?.family ?? detector;
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
 * key, so that one kind stands together. All of it = the same array.
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
  return heaviest.length === evidence.length ? evidence : heaviest;
}

export const REMAINDER = 'remainder';

export function isRemainder(piece: LiveEvidence): boolean {
  return piece.task === null && piece.kind.startsWith(REMAINDER);
}
