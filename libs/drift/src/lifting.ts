/** Lifts of what the core revoked: when everything that a revocation rested on is gone. */
import { countsIn } from './implicit-tasks.js';
import { LEVEL_RANK, levelOf } from './levels.js';
import { evidenceOfTask, riskOf } from './risk.js';
import type { LiveRevocation } from './state.js';
import { levelsFor } from './thresholds.js';
import { command, type Turn } from './turn.js';
import type { Level } from '#activity/types';

/** Who lifts, and why. */
export interface Lifting {
  by: string;
  reason: string;
  /** Id of the activity that says so. */
  id: string;
}

/**
 * Lifts those meant whose evidence is all gone, unless what is left would call for them again. After levels were
 * settled.
 */
export function liftCleared(turn: Turn, lifting: Lifting, isMeant: (live: LiveRevocation) => boolean): void {
  const { state, policy, now } = turn;
  const stillThere = new Set(state.evidence.map(({ key }) => key));
  const cleared = state.revocations.filter((live) => {
    if (!isMeant(live) || live.evidence.some((key) => stillThere.has(key))) return false;
    const rule = policy.responses.find(({ id }) => id === live.rule);
    return rule === undefined || LEVEL_RANK[levelOfSubject(turn, live.subject)] < LEVEL_RANK[rule.level];
  });
  if (cleared.length === 0) return;
  for (const live of cleared) {
    if (live.observed) continue;
    const { by, reason, id: cause } = lifting;
    const lift = { revocation: live.id, tenant: state.tenant, by, reason, at: now, cause };
    command(turn, { type: 'lift', lift });
  }
  state.revocations = state.revocations.filter((live) => !cleared.includes(live));
}

function levelOfSubject({ state, policy, now }: Turn, subject: string | null): Level {
  if (subject === null) return state.level;
  const open = state.tasks.find(({ id }) => countsIn(subject, id));
  if (open !== undefined) return open.level;
  const risk = riskOf(policy, evidenceOfTask(state.evidence, subject, false), now);
  return levelOf(levelsFor(policy, state, null), risk);
}
