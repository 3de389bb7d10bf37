/** Recorded runs under every setting: verdicts on disk, scores in memory. */
import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';
import { prepareGround } from './ground.js';
import type { Settings } from './judge-run.js';
import { judgeAll } from './pool.js';
import { Progress } from './progress.js';
import { readRuns } from './runs.js';
import type { SettingScores } from './summary.js';
import { surveyOf } from './survey.js';

export interface EvaluateOptions extends Settings {
  runs: readonly string[];
  toolsPath: string;
  policyPath?: string | undefined;
  outDir: string;
  /** Worker threads; 0 = none. */
  workers: number;
}

/** Writes `verdicts.jsonl`: runs in the order of the files, each with its settings in the order forms, grants, modes. */
export async function evaluate(options: EvaluateOptions): Promise<SettingScores[]> {
  const { runs: paths, toolsPath, policyPath, outDir, workers, ...settings } = options;
  const survey = await surveyOf(readRuns(paths));
  const source = { toolsPath, policyPath, survey };
  // Mistakes in policy and tools are said once, before there are workers.
  prepareGround(source);
  mkdirSync(outDir, { recursive: true });
  const out = createWriteStream(join(outDir, 'verdicts.jsonl'));
  const progress = new Progress(survey.runs);
  const scores = emptyScores(settings);
  for await (const { judged } of judgeAll(readRuns(paths), { source, settings }, workers)) {
    await write(out, judged.map(({ line }) => `${JSON.stringify(line)}\n`).join(''));
    for (const [at, { score }] of judged.entries()) scores[at]!.scores.push(score);
    progress.step();
  }
  progress.end();
  out.end();
  await finished(out);
  return scores;
}

function emptyScores({ forms, grants, modes }: Settings): SettingScores[] {
  return forms.flatMap((form) =>
    grants.flatMap((grant) => modes.map((mode) => ({ form, grant, mode, scores: [] }))),
  );
}

async function write(out: WriteStream, text: string): Promise<void> {
  if (!out.write(text)) await once(out, 'drain');
}
