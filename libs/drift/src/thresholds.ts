/** Which levels hold for whom: calibrated ones by (tenant, role, kind of task), else the policy's own. */
import type { Assurance } from '#activity/types';
import { roleOf } from './peers.js';
import type { LevelThresholds, Policy } from './policy.js';

/** Null = any. The entry that says most holds: tenant before role before kind. */
export interface CalibratedLevels {
  tenant: string | null;
  role: string | null;
  kind: string | null;
  levels: LevelThresholds;
}

/** What `driftline policy calibrate` found, as the policy that names it carries it. */
export interface Thresholds {
  /** SHA-256 of the whole artifact, hex. */
  digest: string;
  entries: CalibratedLevels[];
}

export interface Whose {
  tenant: string;
  agent: string;
  assurance: Assurance;
}

/** Combinations remembered per policy; kinds come from whoever opens tasks. */
const REMEMBERED_MAX = 4_096;
const remembered = new WeakMap<Policy, Map<string, LevelThresholds>>();

/** `kind` null = the agent itself, a task without a kind, or an undeclared one. */
export function levelsFor(policy: Policy, who: Whose, kind: string | null): LevelThresholds {
  if (policy.thresholds === undefined) return policy.levels;
  const role = roleOf(policy, who);
  const key = `${who.tenant}\n${role ?? ''}\n${kind ?? ''}`;
  let known = remembered.get(policy);
  if (known === undefined) remembered.set(policy, (known = new Map()));
  let levels = known.get(key);
  if (levels === undefined) {
    levels = mostSpecific(policy.thresholds.entries, who.tenant, role, kind)?.levels ?? policy.levels;
    if (known.size >= REMEMBERED_MAX) known.clear();
    known.set(key, levels);
  }
  return levels;
}

function mostSpecific(
  entries: CalibratedLevels[],
  tenant: string,
  role: string | null,
  kind: string | null,
): CalibratedLevels | null {
  let most: CalibratedLevels | null = null;
  for (const entry of entries) {
    const fits =
      (entry.tenant === null || entry.tenant === tenant) &&
      (entry.role === null || entry.role === role) &&
      (entry.kind === null || entry.kind === kind);
    if (fits && (most === null || saysMore(entry) > saysMore(most))) most = entry;
  }
  return most;
}

function saysMore({ tenant, role, kind }: CalibratedLevels): number {
  return (tenant === null ? 0 : 4) + (role === null ? 0 : 2) + (kind === null ? 0 : 1);
}
