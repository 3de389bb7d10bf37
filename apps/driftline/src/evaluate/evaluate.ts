/** Recorded runs under every setting: verdicts on disk, scores in memory. */
import { once } from 'node:events';
import { createWriteStream, mkdirSync, writeFileSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import type { Policy } from '#drift';
import { baselineText, loadBaseline, sealBaseline } from '#policy';
import { Ground, type GroundSource } from './ground.js';
import type { JudgeOptions } from './judge-run.js';
import { overAll } from './pool.js';
import { Learning, type Learned } from './profiles.js';
import { Progress } from './progress.js';
import { readRuns } from './runs.js';
import { settingsOf } from './settings.js';
import type { SettingScores } from './report/report.js';
import { surveyOf } from './survey.js';

export interface EvaluateOptions extends JudgeOptions {
  runs: readonly string[];
  toolsPath: string;
  policyPath?: string | undefined;
  /** What is usual in roles, learned elsewhere. */
  baselinePath?: string | undefined;
  /** Suites of which nothing is learned. */
  leaveOut: readonly string[];
  outDir: string;
  /** Worker threads; 0 = none. */
  workers: number;
}

export interface Evaluation {
  settings: SettingScores[];
  /** Each run's own also carries the catalogue of its suite and what is usual in its role. */
  policy: Policy;
}

/**
 * Writes `verdicts.jsonl`: runs in the order of the files, each with its settings in their order; and `baseline.json`,
 * what was learned of all of them, for runs of the same roles to come.
 */
export async function evaluate(options: EvaluateOptions): Promise<Evaluation> {
  const { runs: paths, toolsPath, policyPath, outDir, workers } = options;
  const survey = await surveyOf(readRuns(paths));
  const source: GroundSource = { toolsPath, policyPath, survey, learned: null };
  // Mistakes in policy and tools are said once, before there are workers.
  const ground = new Ground(source);
  mkdirSync(outDir, { recursive: true });
  const progress = new Progress(2 * survey.runs);
  const learned = await learn(options, source, progress);
  writeFileSync(join(outDir, 'baseline.json'), baselineText(sealBaseline(learned.roles)));
  const { grants, modes, forms, phrasings, seed } = options;
  const judging = { grants, modes, forms, phrasings, seed };
  const settings = settingsOf(judging).map<SettingScores>((setting) => ({ ...setting, scores: [] }));
  const out = createWriteStream(join(outDir, 'verdicts.jsonl'));
  const job = { job: 'judge', source: { ...source, learned }, options: judging } as const;
  for await (const { done } of overAll(readRuns(paths), job, workers)) {
    await write(out, done.map(({ line }) => `${JSON.stringify(line)}\n`).join(''));
    for (const [at, { score }] of done.entries()) settings[at]!.scores.push(score);
    progress.step();
  }
  progress.end();
  out.end();
  await finished(out);
  return { settings, policy: ground.policy };
}

async function learn(options: EvaluateOptions, source: GroundSource, progress: Progress): Promise<Learned> {
  const { runs: paths, baselinePath, leaveOut, workers } = options;
  const given = baselinePath === undefined ? {} : loadBaseline(baselinePath).roles;
  const learning = new Learning({ leaveOut, given });
  const job = { job: 'learn', source } as const;
  for await (const { run, done } of overAll(readRuns(paths), job, workers)) {
    learning.add(run, done);
    progress.step();
  }
  return learning.learned;
}

async function write(out: WriteStream, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain');
}
