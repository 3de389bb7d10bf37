/** Ten small runs in the format of recorded ones, and their operator's description of tools. */
import { fileURLToPath } from 'node:url';
import { readRuns, type Run } from '../../apps/driftline/src/evaluate/runs.js';

export const RUNS = fileURLToPath(new URL('runs.jsonl', import.meta.url));
export const TOOLS = fileURLToPath(new URL('tools.json', import.meta.url));

export async function allRuns(): Promise<Run[]> {
  const runs: Run[] = [];
  for await (const run of readRuns([RUNS])) runs.push(run);
  return runs;
}
