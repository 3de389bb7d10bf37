/** `driftline evaluate RUNS…`: recorded agent runs judged as if a gateway had seen them. */
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { evaluate as run } from '../evaluate/evaluate.js';
import { FORMS, GRANTS, MODES, type Form, type Grant, type Mode } from '../evaluate/settings.js';
import { pageOf, type PageFacts } from '../evaluate/page/page.js';
import { reportsOf } from '../evaluate/report/report.js';
import { summaryOf } from '../evaluate/report/summary.js';
import type { Score } from '../evaluate/verdict.js';

export interface EvaluateCommand {
  tools: string;
  out: string;
  policy?: string;
  grants?: Grant[];
  modes?: Mode[];
  forms?: Form[];
  leaveOut?: string[];
  baseline?: string;
  phrasings: number;
  workers?: number;
  seed: number;
}

export async function evaluate(runs: string[], options: EvaluateCommand): Promise<void> {
  const { tools, out, policy, baseline, leaveOut = [], phrasings, seed } = options;
  const evaluation = await run({
    runs,
    toolsPath: tools,
    policyPath: policy,
    baselinePath: baseline,
    leaveOut,
    outDir: out,
    workers: options.workers ?? availableParallelism(),
    grants: options.grants ?? GRANTS,
    modes: options.modes ?? MODES,
    forms: options.forms ?? FORMS,
    phrasings,
    seed,
  });
  const reports = reportsOf(evaluation.settings, seed);
  const facts: PageFacts = {
    files: runs.map((path) => basename(path)),
    ...countsOf(evaluation.settings[0]?.scores ?? []),
    policy: evaluation.policy,
    leaveOut,
    baseline: baseline === undefined ? null : basename(baseline),
    seed,
  };
  const page = join(out, 'index.html');
  writeFileSync(page, pageOf(facts, reports));
  process.stdout.write(`${summaryOf(reports)}\npage: ${page}\nverdicts: ${join(out, 'verdicts.jsonl')}\n`);
}

function countsOf(scores: readonly Score[]): Pick<PageFacts, 'runs' | 'tasks'> {
  const runs = { benign: 0, attacked: 0, hijacked: 0, partial: 0 };
  for (const { label } of scores) runs[label] += 1;
  return { runs, tasks: new Set(scores.map(({ task }) => task)).size };
}
