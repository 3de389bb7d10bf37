/** `driftline evaluate RUNS…`: recorded agent runs judged as if a gateway had seen them. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { evaluate as run } from '../evaluate/evaluate.js';
import { FORMS, GRANTS, MODES, type Form, type Grant, type Mode } from '../evaluate/settings.js';
import { summaryOf } from '../evaluate/summary.js';

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
  const { settings } = await run({
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
  process.stdout.write(`${summaryOf(settings)}\nverdicts: ${join(out, 'verdicts.jsonl')}\n`);
}
