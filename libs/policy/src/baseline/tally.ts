/** Recorded activity to peers' counts, without labels: what was allowed and received, task by task. */
import { agentKey, type Activity, type ToolCall, type ToolResult } from '#activity/types';
import { areasOf, targetOf, transition, WINDOW_MS, type PeerCounts } from '#drift';
import { countUp, measure, noCounts, type RoleCounts } from './counts.js';

/** Undeclared work is one task until it rests this long. */
const TASK_IDLE_MS = 30 * 60_000;

export interface TallyOptions {
  /** Null = the agent has no role and nothing is learned of it. */
  roleOf: (activity: Activity) => string | null;
  /** Tasks (by `taskKey`) that nothing is learned from. */
  skip?: ReadonlySet<string>;
}

/** One agent's one task, declared or not. */
export function taskKey(activity: Activity): string {
  const { task, principal, conversation } = activity;
  return JSON.stringify([agentKey(activity), task ?? [principal, conversation]]);
}

interface OpenTask {
  role: string;
  lastAt: number;
  calls: number;
  changes: number;
  tools: Set<string>;
  servers: Set<string>;
  areas: Set<string>;
  effects: Set<string>;
  classes: Set<string>;
  previous: ToolCall['effect'] | null;
}

interface Window {
  role: string;
  startedAt: number;
  calls: number;
  argumentBytes: number;
  resultBytes: number;
  records: number;
  targets: Set<string>;
}

/** Counts by role. Activities of one agent must come in the order of its log. */
export function countActivities(activities: Iterable<Activity>, { roleOf, skip }: TallyOptions): RoleCounts {
  const tally = new Tally();
  for (const activity of activities) {
    if (activity.type !== 'ToolCall' && activity.type !== 'ToolResult') continue;
    const role = roleOf(activity);
    if (role !== null && !skip?.has(taskKey(activity))) tally.add(role, activity);
  }
  return tally.finished();
}

class Tally {
  private readonly counts: RoleCounts = {};
  private readonly tasks = new Map<string, OpenTask>();
  private readonly windows = new Map<string, Window>();

  add(role: string, activity: ToolCall | ToolResult): void {
    if (activity.type === 'ToolCall') {
      if (activity.decision === 'allowed') this.addCall(role, activity);
    } else if (activity.outcome !== 'withheld' && activity.outcome !== 'cancelled') {
      this.addResult(role, activity);
    }
  }

  finished(): RoleCounts {
    for (const task of this.tasks.values()) this.closeTask(task);
    for (const window of this.windows.values()) {
      this.closeWindow(window);
      this.of(window.role).agents += 1;
    }
    return this.counts;
  }

  private addCall(role: string, call: ToolCall): void {
    const counts = this.of(role);
    counts.calls += 1;
    const task = this.taskOf(role, call);
    task.calls += 1;
    if (call.effect !== 'read') task.changes += 1;
    task.tools.add(`${call.server}/${call.tool}`);
    task.servers.add(call.server);
    task.effects.add(call.effect);
    for (const area of areasOf(call.resource)) task.areas.add(area);
    countUp(counts.transitions, transition(task.previous, call.effect));
    task.previous = call.effect;
    for (const name of call.dataClasses) task.classes.add(name);
    measure(counts.measures.bytesPerCall, call.argumentsBytes);
    const window = this.windowOf(role, call);
    window.calls += 1;
    window.argumentBytes += call.argumentsBytes;
    const target = targetOf(call);
    if (target !== null) window.targets.add(target);
  }

  private addResult(role: string, result: ToolResult): void {
    const counts = this.of(role);
    counts.results += 1;
    for (const name of result.dataClasses) this.taskOf(role, result).classes.add(name);
    measure(counts.measures.bytesPerResult, result.resultBytes);
    measure(counts.measures.recordsPerResult, result.records);
    const window = this.windowOf(role, result);
    window.resultBytes += result.resultBytes;
    window.records += result.records;
  }

  private of(role: string): PeerCounts {
    if (!Object.hasOwn(this.counts, role)) this.counts[role] = noCounts();
    return this.counts[role] as PeerCounts;
  }

  private taskOf(role: string, activity: ToolCall | ToolResult): OpenTask {
    const key = taskKey(activity);
    let task = this.tasks.get(key);
    if (task !== undefined && activity.task === null && activity.time - task.lastAt > TASK_IDLE_MS) {
      this.closeTask(task);
      task = undefined;
    }
    if (task === undefined) {
      const used = { tools: new Set<string>(), servers: new Set<string>(), areas: new Set<string>() };
      const sets = { ...used, effects: new Set<string>(), classes: new Set<string>() };
      task = { role, lastAt: 0, calls: 0, changes: 0, ...sets, previous: null };
      this.tasks.set(key, task);
    }
    task.lastAt = Math.max(task.lastAt, activity.time);
    return task;
  }

  private closeTask(task: OpenTask): void {
    const counts = this.of(task.role);
    counts.tasks += 1;
    for (const kind of ['tools', 'servers', 'areas', 'effects', 'classes'] as const) {
      for (const name of task[kind]) countUp(counts[kind], name);
    }
    measure(counts.measures.callsPerTask, task.calls);
    measure(counts.measures.changesPerTask, task.changes);
  }

  private windowOf(role: string, activity: ToolCall | ToolResult): Window {
    const key = agentKey(activity);
    let window = this.windows.get(key);
    if (window !== undefined && activity.time - window.startedAt >= WINDOW_MS) {
      this.closeWindow(window);
      window = undefined;
    }
    if (window === undefined) {
      const nothing = { calls: 0, argumentBytes: 0, resultBytes: 0, records: 0, targets: new Set<string>() };
      window = { role, startedAt: activity.time, ...nothing };
      this.windows.set(key, window);
    }
    return window;
  }

  private closeWindow({ role, calls, argumentBytes, resultBytes, records, targets }: Window): void {
    const { measures } = this.of(role);
    measure(measures.callsPerWindow, calls);
    measure(measures.argumentBytesPerWindow, argumentBytes);
    measure(measures.resultBytesPerWindow, resultBytes);
    measure(measures.recordsPerWindow, records);
    measure(measures.targetsPerWindow, targets.size);
  }
}
