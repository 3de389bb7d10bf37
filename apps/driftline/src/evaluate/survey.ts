/** What has to be known of all runs before one of them can be judged: a first pass, kept small. */
import { roleOf, type Run } from './runs.js';

export interface Survey {
  runs: number;
  /** Tools seen in any run of a role, in order of name. */
  toolsOfRole: Record<string, string[]>;
}

export async function surveyOf(runs: AsyncIterable<Run>): Promise<Survey> {
  const tools = new Map<string, Set<string>>();
  let count = 0;
  for await (const run of runs) {
    count += 1;
    const role = roleOf(run);
    const seen = tools.get(role) ?? new Set<string>();
    tools.set(role, seen);
    for (const { tool } of run.calls) seen.add(tool);
  }
  const sorted = [...tools].map(([role, seen]) => [role, [...seen].sort()] as const);
  return { runs: count, toolsOfRole: Object.fromEntries(sorted) };
}
