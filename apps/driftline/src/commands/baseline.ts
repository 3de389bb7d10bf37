/** `driftline baseline build RECORDED…`: what is usual among agents of one role, from recorded activity, without labels. */
import { writeFileSync } from 'node:fs';
import type { Activity } from '#activity/types';
import { loadConfig } from '#config';
import type { Policy } from '#drift';
import { baselineText, buildBaseline, defaultPolicy, loadPolicy, type Built } from '#policy';
import { CommandError } from '../errors.js';
import { readRecording } from '../recording.js';

export interface BaselineCommand {
  out: string;
  minTasks: number;
  config?: string;
  policy?: string;
}

export async function buildFrom(files: string[], options: BaselineCommand): Promise<void> {
  const path = options.policy ?? loadConfig({ path: options.config }).config.policy;
  // The baseline that it names may be the one to be built.
  const policy = path === undefined ? defaultPolicy() : loadPolicy(path, { baseline: 'ignored' });
  if (!policy.roles?.length) {
    const where = path ?? 'the shipped policy';
    throw new CommandError(
      `${where} has no roles, so no agent has peers: say who is whose peer (roles: [{ name: …, match: [/path] }])`,
    );
  }
  const activities: Activity[] = [];
  for (const file of files) {
    for (const { activity } of (await readRecording(file)).activities) activities.push(activity);
  }
  const built = buildBaseline(activities, { policy, minTasks: options.minTasks });
  writeFileSync(options.out, baselineText(built.baseline), { mode: 0o600 });
  report(policy, built, options);
}

function report(
  policy: Policy,
  { baseline, leftOut, failed, limited }: Built,
  { out, minTasks }: BaselineCommand,
): void {
  const say = (text: string) => process.stdout.write(`${text}\n`);
  const { roles, digest } = baseline;
  for (const [role, { tasks, agents, calls }] of Object.entries(roles)) {
    say(`${role}: ${tasks} tasks of ${agents} agents, ${calls} calls`);
  }
  for (const { role, agent, tasks, counted } of limited)
    say(`${role}: ${agent} did ${tasks} tasks, more than its share; they count as ${counted}`);
  for (const { role, tasks } of leftOut) say(`${role}: left out, ${tasks} tasks are fewer than ${minTasks}`);
  for (const { name } of policy.roles ?? []) {
    if (!Object.hasOwn(roles, name) && !leftOut.some(({ role }) => role === name))
      say(`${name}: no activity`);
  }
  if (failed > 0) say(`${failed} tasks that failed a context check taught nothing`);
  say(`baseline ${digest} written to ${out}: name it in the policy (baseline: …) and activate that`);
}
