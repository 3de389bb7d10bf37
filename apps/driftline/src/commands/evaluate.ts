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
  workers?: number;
  seed: number;
}

export async function evaluate(runs: string[], options: EvaluateCommand): Promise<void> {
  const { tools, out, policy, grants = GRANTS, modes = MODES, forms = FORMS, seed } = options;
  const workers = options.workers ?? availableParallelism();
  const scores = await run({
    runs,
    toolsPath: tools,
    policyPath: policy,
    outDir: out,
    workers,
    grants,
    modes,
    forms,
    seed,
  });
  process.stdout.write(`${summaryOf(scores)}\nverdicts: ${join(out, 'verdicts.jsonl')}\n`);
}
