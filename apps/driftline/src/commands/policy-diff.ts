/**
 * `driftline policy diff OLD NEW --on RECORDED`: recorded work judged by both, with the code that runs live. Recorded
 * calls go on whatever either says of them.
 */
import type { Response } from '#activity/types';
import { loadConfig } from '#config';
import type { Policy } from '#drift';
import { loadPolicy } from '#policy';
import { Ledger, rank, type TaskRecord } from '../ledger.js';
import { readRecording } from '../recording.js';
import type { RecordedActivity } from '#engine';
import { counted } from './policy-check.js';

export interface DiffOptions {
  on: string;
  limit: number;
  config?: string;
  json?: boolean;
}

export interface TaskChange {
  agent: string;
  task: string;
  calls: number;
  before: Side;
  after: Side;
}
interface Side {
  response: Response | null;
  refused: number;
  risk: number;
  first: TaskRecord['first'];
}

export interface Difference {
  before: { digest: string; name: string; refusedCalls: number; stoppedTasks: number };
  after: { digest: string; name: string; refusedCalls: number; stoppedTasks: number };
  activities: number;
  agents: number;
  tasks: number;
  /** Activities whose level is another one. */
  levels: number;
  /** Calls refused by one of the two alone. */
  newlyRefused: number;
  nowAllowed: number;
  /** Tasks by their strongest response: `none → context-check` … */
  changes: Record<string, number>;
  /** Agents and tasks that are stopped harder, or no longer as hard; the hardest first. */
  harder: TaskChange[];
  milder: TaskChange[];
}

export async function diffPolicies(old: string, fresh: string, options: DiffOptions): Promise<void> {
  const { config } = loadConfig({ path: options.config });
  const [before, after] = [loadPolicy(old), loadPolicy(fresh)];
  const { activities } = await readRecording(options.on);
  const found = difference(before, after, activities, config.maxSkewMs);
  process.stdout.write(
    options.json
      ? `${JSON.stringify(bounded(found, options.limit), null, 2)}\n`
      : asText(found, options.limit),
  );
}

export function difference(
  before: Policy,
  after: Policy,
  activities: Iterable<RecordedActivity>,
  maxSkewMs: number,
): Difference {
  const [old, fresh] = [new Ledger(before, maxSkewMs), new Ledger(after, maxSkewMs)];
  const count = { levels: 0, newlyRefused: 0, nowAllowed: 0 };
  for (const record of activities) {
    const [was, is] = [old.take(record), fresh.take(record)];
    if (was?.level !== is?.level) count.levels += 1;
    const [refusedThen, refusedNow] = [was?.refusedBy ?? null, is?.refusedBy ?? null];
    if (refusedThen === null && refusedNow !== null) count.newlyRefused += 1;
    if (refusedThen !== null && refusedNow === null) count.nowAllowed += 1;
  }
  const changed = changesOf(old, fresh);
  const changes: Record<string, number> = {};
  for (const { before: was, after: is } of changed) {
    const name = `${was.response ?? 'none'} → ${is.response ?? 'none'}`;
    changes[name] = (changes[name] ?? 0) + 1;
  }
  const hardest = (one: TaskChange) => Math.max(rank(one.before.response), rank(one.after.response));
  const ordered = changed.toSorted((a, b) => hardest(b) - hardest(a) || (a.agent < b.agent ? -1 : 1));
  return {
    before: sideOf(before, old),
    after: sideOf(after, fresh),
    activities: fresh.activities,
    agents: fresh.agents,
    tasks: fresh.tasks.size,
    ...count,
    changes,
    harder: ordered.filter((one) => rank(one.after.response) > rank(one.before.response)),
    milder: ordered.filter((one) => rank(one.after.response) < rank(one.before.response)),
  };
}

function sideOf({ digest, name }: Policy, { tasks }: Ledger) {
  const all = [...tasks.values()];
  const refusedCalls = all.reduce((sum, { refused }) => sum + refused, 0);
  return { digest, name, refusedCalls, stoppedTasks: all.filter(({ response }) => response !== null).length };
}

const ABSENT: Side = { response: null, refused: 0, risk: 0, first: null };

function changesOf(old: Ledger, fresh: Ledger): TaskChange[] {
  const keys = new Set([...old.tasks.keys(), ...fresh.tasks.keys()]);
  return [...keys].flatMap((key) => {
    const [was, is] = [old.tasks.get(key), fresh.tasks.get(key)];
    const { agent, task, calls } = (is ?? was) as TaskRecord;
    const change = { agent, task, calls, before: pick(was), after: pick(is) };
    return change.before.response === change.after.response ? [] : [change];
  });
}

function pick(task: TaskRecord | undefined): Side {
  if (task === undefined) return ABSENT;
  const { response, refused, risk, first } = task;
  return { response, refused, risk, first };
}

function bounded(found: Difference, limit: number) {
  const { harder, milder } = found;
  return {
    ...found,
    harder: { count: harder.length, listed: harder.slice(0, limit) },
    milder: { count: milder.length, listed: milder.slice(0, limit) },
  };
}

function asText(found: Difference, limit: number): string {
  const { before, after, changes, harder, milder } = found;
  const side = (name: string, { digest, name: of, refusedCalls, stoppedTasks }: Difference['before']) =>
    `${name} ${of} (${digest.slice(0, 12)}): ${counted(stoppedTasks, 'task')} stopped, ${counted(refusedCalls, 'call')} refused`;
  const same = Object.keys(changes).length === 0 && found.levels === 0;
  return [
    `${counted(found.activities, 'activity').replace('activitys', 'activities')} of ${counted(found.agents, 'agent')}, ${counted(found.tasks, 'task')}`,
    side('old', before),
    side('new', after),
    same
      ? 'no verdict changes'
      : `${found.newlyRefused} calls newly refused, ${found.nowAllowed} no longer; ${found.levels} activities at another level`,
    ...Object.entries(changes).map(([name, count]) => `  ${counted(count, 'task')}: ${name}`),
    ...section('stopped now, or harder', harder, limit, 'after'),
    ...section('no longer stopped, or milder', milder, limit, 'before'),
    '',
  ].join('\n');
}

function section(title: string, changes: TaskChange[], limit: number, of: 'before' | 'after'): string[] {
  if (changes.length === 0) return [];
  const more = changes.length - limit;
  return [
    '',
    `${title}: ${changes.length}`,
    ...changes.slice(0, limit).flatMap((change) => {
      const { first } = change[of];
      const { before, after, agent, task } = change;
      return [
        `  ${agent} ${task}: ${before.response ?? 'none'} (${before.risk.toFixed(1)}) → ${after.response ?? 'none'} (${after.risk.toFixed(1)})`,
        ...(first === null ? [] : [`    at ${first.partition}/${first.offset} ${first.what}: ${first.why}`]),
      ];
    }),
    ...(more > 0 ? [`  … and ${more} more (--limit)`] : []),
  ];
}
