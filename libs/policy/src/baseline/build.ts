/** A baseline from recorded activity, without labels. */
import type { Activity } from '#activity/types';
import { roleOf, type Baseline, type Policy } from '#drift';
import type { RoleCounts } from './counts.js';
import { sealBaseline } from './document.js';
import { countActivities, taskKey } from './tally.js';

export interface BuildOptions {
  /** Whose `roles` say who is whose peer. */
  policy: Policy;
  /** Roles with fewer tasks are left out: a handful of tasks is no precedent. */
  minTasks: number;
}

export interface Built {
  baseline: Baseline;
  /** Roles that had too few tasks, with how many they had. */
  leftOut: { role: string; tasks: number }[];
  /** Tasks that taught nothing, because somebody looked at them and found them no longer justified. */
  failed: number;
}

/**
 * Activities of one agent must come in the order of its log; what is there twice counts once. What the policy itself
 * found drifting is learned all the same: leaving it out would make whatever it once found unusual stay unusual for ever.
 */
export function buildBaseline(activities: readonly Activity[], { policy, minTasks }: BuildOptions): Built {
  const skip = new Set<string>();
  for (const activity of activities) {
    if (activity.type === 'ContextChecked' && activity.outcome === 'failed') skip.add(taskKey(activity));
  }
  const counts = countActivities(onceEach(activities), { roleOf: (one) => roleOf(policy, one), skip });
  const kept: RoleCounts = {};
  const leftOut: Built['leftOut'] = [];
  for (const [role, of] of Object.entries(counts)) {
    if (of.tasks >= minTasks) kept[role] = of;
    else leftOut.push({ role, tasks: of.tasks });
  }
  return { baseline: sealBaseline(kept), leftOut, failed: skip.size };
}

/** Without what a reporter sent again. */
function* onceEach(activities: Iterable<Activity>): Generator<Activity> {
  const seen = new Set<string>();
  for (const activity of activities) {
    const name = `${activity.source}\n${activity.id}`;
    if (seen.has(name)) continue;
    seen.add(name);
    yield activity;
  }
}
