/** A baseline from recorded activity, without labels. */
import type { Activity } from '#activity/types';
import { roleOf, type Baseline, type Policy } from '#drift';
import type { RoleCounts } from './counts.js';
import { sealBaseline } from './document.js';
import { countActivities } from './tally.js';

export interface BuildOptions {
  /** Whose `roles` say who is whose peer. */
  policy: Policy;
  /** Roles with fewer tasks are left out: a handful of tasks is no precedent. */
  minTasks: number;
  /** Tasks (by `taskKey`) that nothing is learned from, such as those that the policy itself found drifting. */
  skip?: ReadonlySet<string>;
}

export interface Built {
  baseline: Baseline;
  /** Roles that had too few tasks, with how many they had. */
  leftOut: { role: string; tasks: number }[];
}

/** Activities of one agent must come in the order of its log. */
export function buildBaseline(activities: Iterable<Activity>, options: BuildOptions): Built {
  const { policy, minTasks, skip } = options;
  const counts = countActivities(activities, {
    roleOf: (activity) => roleOf(policy, activity),
    ...(skip ? { skip } : {}),
  });
  const kept: RoleCounts = {};
  const leftOut: Built['leftOut'] = [];
  for (const [role, of] of Object.entries(counts)) {
    if (of.tasks >= minTasks) kept[role] = of;
    else leftOut.push({ role, tasks: of.tasks });
  }
  return { baseline: sealBaseline(kept), leftOut };
}
