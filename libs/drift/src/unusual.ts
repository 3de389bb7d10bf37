/**
 * Signs that something is unusual: a class, tool or effect without precedent, a step outside a scope that was only
 * estimated, an approval gone stale. Honest work is unusual all the time. So in declared work all of them together count at
 * most `unusual.ceiling`, enough to be seen, or add at most `unusual.beside` to signs that somebody steers the agent or that a
 * boundary was crossed: they tip the scales and never outrank those. Undeclared work has no intent to be held against; there
 * each counts by itself.
 */
import { isImplicit } from './implicit-tasks.js';
import type { Policy } from './policy.js';
import type { LiveEvidence } from './state.js';

/** Kinds, by how they begin, of the detectors that say such things. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  'data-class': ['data-class/'],
  escalation: ['escalation/precedent/', 'escalation/estimated/'],
  scope: ['scope/estimated/'],
  novelty: ['novelty/server/', 'novelty/tool/', 'novelty/area/'],
  'approval-gap': ['approval-gap/'],
};

/** Evidence that was too much to keep one by one, of such kinds. */
export const UNUSUAL_REMAINDER = 'remainder/unusual/';

/** Of a policy that says how much such evidence counts together; where none does, it counts like any other. */
export function isUnusual(policy: Policy, { detector, kind, task }: LiveEvidence): boolean {
  if (policy.unusual === undefined) return false;
  const kinds = KINDS[detector];
  if (kinds === undefined) return false;
  if (task === null) return kind.startsWith(UNUSUAL_REMAINDER);
  if (isImplicit(task)) return false;
  for (const begins of kinds) if (kind.startsWith(begins)) return true;
  return false;
}
