/** A baseline from recorded activity, without labels. */
import { agentKey, type Activity } from '#activity/types';
import { roleOf, type Baseline, type PeerCounts, type Policy } from '#drift';
import type { RoleCounts } from './counts.js';
import { sealBaseline } from './document.js';
import { sharedCounts, type Limited } from './shares.js';
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
  /** Agents that did more than their share of a role's tasks. */
  limited: (Limited & { role: string })[];
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
  const kept: RoleCounts = {};
  const leftOut: Built['leftOut'] = [];
  const limited: Built['limited'] = [];
  for (const [role, byAgent] of byRole(activities, policy, skip)) {
    const shared = sharedCounts(byAgent);
    const { tasks } = shared.counts;
    if (tasks >= minTasks) {
      kept[role] = shared.counts;
      limited.push(...shared.limited.map((one) => ({ role, ...one })));
    } else {
      leftOut.push({ role, tasks });
    }
  }
  return { baseline: sealBaseline(kept), leftOut, failed: skip.size, limited };
}

/** What each agent of each role did. */
function byRole(
  activities: readonly Activity[],
  policy: Policy,
  skip: ReadonlySet<string>,
): Map<string, Map<string, PeerCounts>> {
  const byAgent = new Map<string, Activity[]>();
  for (const activity of onceEach(activities)) {
    const agent = agentKey(activity);
    const own = byAgent.get(agent);
    if (own === undefined) byAgent.set(agent, [activity]);
    else own.push(activity);
  }
  const roles = new Map<string, Map<string, PeerCounts>>();
  for (const [agent, own] of byAgent) {
    const counts = countActivities(own, { roleOf: (one) => roleOf(policy, one), skip });
    for (const [role, of] of Object.entries(counts)) {
      const agents = roles.get(role) ?? new Map<string, PeerCounts>();
      roles.set(role, agents.set(agent, of));
    }
  }
  return roles;
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
