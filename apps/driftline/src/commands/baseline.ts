/** `driftline baseline build RECORDED…`: what is usual among agents of one role, from recorded activity, without labels. */
import { writeFileSync } from 'node:fs';
import type { Activity } from '#activity/types';
import { loadConfig } from '#config';
import type { Policy } from '#drift';
import { Replay } from '#engine';
import { baselineText, buildBaseline, defaultPolicy, loadPolicy, taskKey } from '#policy';
import { CommandError } from '../errors.js';
import { readRecording } from '../recording.js';

export interface BaselineCommand {
  out: string;
  minTasks: number;
  config?: string;
  policy?: string;
  /** Also learn from tasks that the policy itself finds drifting. */
  all?: boolean;
}

export async function buildFrom(files: string[], options: BaselineCommand): Promise<void> {
  const { config } = loadConfig({ path: options.config });
  const path = options.policy ?? config.policy;
  const policy = path === undefined ? defaultPolicy() : loadPolicy(path, { baseline: 'ignored' });
  if (!policy.roles?.length) {
    const where = path ?? 'the shipped policy';
    throw new CommandError(
      `${where} has no roles, so no agent has peers: say who is whose peer (roles: [{ name: …, match: [/path] }])`,
    );
  }
  const activities: Activity[] = [];
  const skip = new Set<string>();
  for (const file of files) {
    const recorded = (await readRecording(file)).activities;
    for (const { activity } of recorded) activities.push(activity);
    if (!options.all) {
      const replay = new Replay({ policy, pinned: true, maxSkewMs: config.maxSkewMs });
      for (const record of recorded) {
        const level = replay.fold(record)?.assessment.level;
        if (level === 'high' || level === 'critical') skip.add(taskKey(record.activity));
      }
    }
  }
  const { minTasks } = options;
  const { baseline, leftOut } = buildBaseline(activities, { policy, minTasks, skip });
  writeFileSync(options.out, baselineText(baseline), { mode: 0o600 });
  report(policy, baseline, leftOut, skip.size, options);
}

function report(
  policy: Policy,
  { roles, digest }: ReturnType<typeof buildBaseline>['baseline'],
  leftOut: { role: string; tasks: number }[],
  skipped: number,
  { out, minTasks }: BaselineCommand,
): void {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  for (const [role, { tasks, agents, calls }] of Object.entries(roles)) {
    say(`${role}: ${tasks} tasks of ${agents} agents, ${calls} calls`);
  }
  for (const { role, tasks } of leftOut) say(`${role}: left out, ${tasks} tasks are fewer than ${minTasks}`);
  for (const { name } of policy.roles ?? []) {
    if (!Object.hasOwn(roles, name) && !leftOut.some(({ role }) => role === name))
      say(`${name}: no activity`);
  }
  if (skipped > 0)
    say(`${skipped} tasks in which this policy found drift taught nothing (--all takes them too)`);
  say(`baseline ${digest} written to ${out}; name it in the policy (baseline: ${out}) and activate that`);
}
