/**
 * `driftline policy calibrate --on RECORDED --out FILE`: thresholds that keep the policy's budgets, from history without
 * labels. Every recorded task counts as honest unless somebody said otherwise. What they would have stopped is counted
 * by judging the history once more with them, every response enforced.
 */
import { writeFileSync } from 'node:fs';
import type { Response } from '#activity/types';
import { loadConfig } from '#config';
import type { Budget, Policy } from '#drift';
import type { RecordedActivity } from '#engine';
import {
  calibrate,
  decodePolicy,
  riskDigest,
  encodePolicy,
  loadPolicy,
  lowerBound,
  sealThresholds,
  thresholdsText,
  upperBound,
  type ThresholdEntry,
  type ThresholdsFile,
  type Unkept,
} from '#policy';
import { CommandError } from '../errors.js';
import { Ledger, type TaskRecord } from '../ledger.js';
import { readRecording } from '../recording.js';
import { configuredPolicy, counted } from './policy-check.js';

export interface CalibrateOptions {
  on: string[];
  out: string;
  policy?: string;
  /** Instead of the budgets of the policy: one for everybody. */
  oneIn?: number;
  confidence: number;
  config?: string;
  json?: boolean;
}

/** How much of the history the thresholds found would have stopped. */
export interface Effect {
  honest: Stopped;
  /** Tasks that somebody found not justified. */
  others: Stopped;
  responses: Partial<Record<Response, number>>;
  detectors: Record<string, number>;
}
interface Stopped {
  tasks: number;
  stopped: number;
  /** 95 % interval of the share. */
  interval: [number, number];
}

export interface Calibrated {
  file: ThresholdsFile;
  unkept: Unkept[];
  before: Effect;
  after: Effect;
}

export async function calibratePolicy(options: CalibrateOptions): Promise<void> {
  const { config } = loadConfig({ path: options.config });
  const path = options.policy ?? configuredPolicy(options.config);
  const policy = loadPolicy(path);
  const budgets = options.oneIn === undefined ? (policy.budgets ?? []) : [forAll(options.oneIn)];
  if (budgets.length === 0) {
    throw new CommandError(
      `${path} states no budget: add budgets: [{ interruptOneIn: 100 }], or name one here with --one-in 100`,
    );
  }
  const activities: RecordedActivity[] = [];
  for (const file of options.on) activities.push(...(await readRecording(file)).activities);
  const { confidence } = options;
  const found = calibrated(policy, activities, { budgets, confidence, maxSkewMs: config.maxSkewMs });
  writeFileSync(options.out, thresholdsText(found.file));
  process.stdout.write(options.json ? `${JSON.stringify(found, null, 2)}\n` : asText(found, options.out));
}

function forAll(interruptOneIn: number): Budget {
  return { tenant: null, role: null, kind: null, interruptOneIn };
}

export function calibrated(
  policy: Policy,
  activities: readonly RecordedActivity[],
  { budgets, confidence, maxSkewMs }: { budgets: readonly Budget[]; confidence: number; maxSkewMs: number },
): Calibrated {
  const { thresholds: _thresholds, ...bare } = enforcing(policy);
  const ledger = judged(decodePolicy(encodePolicy(bare)), activities, maxSkewMs);
  const tasks = workIn(ledger);
  const honest = tasks.filter((task) => task.honest);
  const { entries, unkept } = calibrate(honest, budgets, policy.levels, confidence);
  const file = sealThresholds({
    policy: riskDigest(policy),
    data: {
      fromMs: tasks.length === 0 ? 0 : ledger.fromMs,
      toMs: ledger.toMs,
      agents: ledger.agents,
      tasks: tasks.length,
      honest: honest.length,
    },
    confidence,
    entries,
  });
  const named = entries.map(({ tenant, role, kind, levels }) => ({ tenant, role, kind, levels }));
  const withThem: Policy = { ...bare, thresholds: { digest: file.digest, entries: named } };
  const again = judged(decodePolicy(encodePolicy(withThem)), activities, maxSkewMs);
  return { file, unkept, before: effectOf(ledger), after: effectOf(again) };
}

/** History is gathered with responses that observe; what they would stop is what they stop once they enforce. */
function enforcing(policy: Policy): Policy {
  return { ...policy, responses: policy.responses.map((rule) => ({ ...rule, mode: 'enforce' as const })) };
}

function judged(policy: Policy, activities: readonly RecordedActivity[], maxSkewMs: number): Ledger {
  const ledger = new Ledger(policy, maxSkewMs);
  for (const record of activities) ledger.take(record);
  return ledger;
}

/** Tasks in which anything was called. */
function workIn(ledger: Ledger): TaskRecord[] {
  return [...ledger.tasks.values()].filter(({ calls }) => calls > 0);
}

/** Two-sided 95 %. */
const SIDE = 0.975;

function effectOf(ledger: Ledger): Effect {
  const tasks = workIn(ledger);
  const stopped = tasks.filter(({ response }) => response !== null);
  const responses: Effect['responses'] = {};
  const detectors: Effect['detectors'] = {};
  for (const { response, detectors: named } of stopped) {
    if (response !== null) responses[response] = (responses[response] ?? 0) + 1;
    for (const name of named) detectors[name] = (detectors[name] ?? 0) + 1;
  }
  return {
    honest: stoppedOf(tasks.filter(({ honest }) => honest)),
    others: stoppedOf(tasks.filter(({ honest }) => !honest)),
    responses,
    detectors,
  };
}

function stoppedOf(tasks: TaskRecord[]): Stopped {
  const stopped = tasks.filter(({ response }) => response !== null).length;
  const count = tasks.length;
  const interval: [number, number] =
    count === 0 ? [0, 1] : [lowerBound(stopped, count, SIDE), upperBound(stopped, count, SIDE)];
  return { tasks: count, stopped, interval };
}

function asText({ file, unkept, before, after }: Calibrated, out: string): string {
  const { data, entries, digest, confidence } = file;
  const day = (ms: number) => new Date(ms).toISOString().slice(0, 10);
  return [
    `${counted(data.tasks, 'task')} of ${counted(data.agents, 'agent')}, ${day(data.fromMs)} to ${day(data.toMs)}; ${data.honest} count as honest`,
    ...entries.map((entry) => entryLine(entry, confidence)),
    ...unkept.map(unkeptLine),
    '',
    `stopped with the policy's own levels: ${stoppedText(before)}`,
    `stopped with these thresholds: ${stoppedText(after)}`,
    ...Object.entries(after.responses).map(([name, count]) => `  ${name}: ${counted(count, 'task')}`),
    ...Object.entries(after.detectors)
      .toSorted(([, a], [, b]) => b - a)
      .map(([name, count]) => `  with evidence of ${name}: ${counted(count, 'task')}`),
    '',
    `thresholds ${digest} written to ${out}; name it in the policy (thresholds: ./${out.split('/').at(-1)}), check and activate that`,
    '',
  ].join('\n');
}

function entryLine(entry: ThresholdEntry, confidence: number): string {
  const { levels, interruptOneIn, tasks, interrupted, atMost } = entry;
  return (
    `  ${whose(entry)}: high from ${levels.high}, critical from ${levels.critical}; ` +
    `${interrupted} of ${counted(tasks, 'honest task')} reach it, with ${percent(confidence)} confidence at most ${percent(atMost)} do (budget ${percent(1 / interruptOneIn)})`
  );
}

function unkeptLine(one: Unkept): string {
  const budget = `  ${whose(one)}: no threshold for one in ${one.interruptOneIn}, what is more general holds`;
  if (one.why === 'few-tasks')
    return `${budget}: ${counted(one.tasks, 'honest task')}, it takes ${one.needed}`;
  if (one.why === 'no-threshold')
    return `${budget}: too many honest tasks reach any risk; look at what they have in common`;
  return `${budget}: more groups than a file holds`;
}

function whose({ tenant, role, kind }: Pick<Unkept, 'tenant' | 'role' | 'kind'>): string {
  const parts = [
    ...(tenant === null ? [] : [`tenant ${tenant}`]),
    ...(role === null ? [] : [`role ${role}`]),
    ...(kind === null ? [] : [`kind ${kind}`]),
  ];
  return parts.length === 0 ? 'everybody' : parts.join(', ');
}

function stoppedText({ honest, others }: Effect): string {
  const share = ({ tasks, stopped, interval: [low, high] }: Stopped, what: string) =>
    `${stopped} of ${tasks} ${what}${tasks === 0 ? '' : ` (${percent(low)} to ${percent(high)})`}`;
  return `${share(honest, 'honest tasks')}, ${share(others, 'others')}`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.1 ? 2 : 1)} %`;
}
