/**
 * What is usual in each role, learned from recorded runs without their labels. A run is judged by what runs of *other*
 * tasks taught, so that no task teaches its own verdict.
 */
import type { Activity } from '#activity/types';
import type { PeerCounts, Policy } from '#drift';
import { countActivities, mergeCounts, noCounts, sealBaseline, subtractCounts } from '#policy';
import { renamed, rolePath } from './ground.js';
import { roleOf, taskOf, type Run } from './runs.js';

/** Counts add up, and one part can be taken out of them again exactly. */
export interface Learned {
  /** By role. */
  roles: Record<string, PeerCounts>;
  /** By task: the part of its role's counts that its own runs gave. */
  tasks: Record<string, PeerCounts>;
}

/** The counts of one run. */
export function countsOf(activities: readonly Activity[]): PeerCounts {
  return countActivities(activities, { roleOf: () => 'role' })['role'] ?? noCounts();
}

export interface Known {
  /** Suites of which nothing is learned. */
  leaveOut: readonly string[];
  /** Roles known beforehand: taken as they are, and nothing more is learned of them. */
  given: Record<string, PeerCounts>;
}

/** Counts of runs, one after the other. */
export class Learning {
  readonly learned: Learned = { roles: {}, tasks: {} };

  constructor(private readonly known: Known) {
    Object.assign(this.learned.roles, known.given);
  }

  add(run: Run, counts: PeerCounts): void {
    const role = roleOf(run);
    if (this.known.leaveOut.includes(run.suite) || Object.hasOwn(this.known.given, role)) return;
    const { roles, tasks } = this.learned;
    const task = taskOf(run);
    roles[role] = mergeCounts(roles[role] ?? noCounts(), counts);
    tasks[task] = mergeCounts(tasks[task] ?? noCounts(), counts);
  }
}

/** Fewer tasks are no precedent. */
const TASKS_MIN = 10;

/** A policy with what is usual, for each task another. */
export class Profiles {
  private readonly policies = new Map<string, Policy>();

  constructor(private readonly learned: Learned) {}

  policyFor(run: Run, policy: Policy): Policy {
    const task = taskOf(run);
    let found = this.policies.get(task);
    if (found === undefined) this.policies.set(task, (found = this.made(run, policy)));
    return found;
  }

  private made(run: Run, policy: Policy): Policy {
    const name = roleOf(run);
    const all = this.learned.roles[name];
    if (all === undefined) return policy;
    const own = this.learned.tasks[taskOf(run)];
    const others = own === undefined ? all : subtractCounts(all, own);
    if (others.tasks < TASKS_MIN) return policy;
    const role = { name, match: [rolePath(run)], asserted: false };
    const roles = [role, ...(policy.roles ?? []).filter((one) => one.name !== name)];
    return renamed({ ...policy, roles, baseline: sealBaseline({ [name]: others }) });
  }
}
