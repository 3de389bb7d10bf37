/** What has to be known of all runs before one of them can be judged: a first pass, kept small. */
import { roleOf, type Run } from './runs.js';

export interface Survey {
  runs: number;
  /** Tools seen in any run of a role, in order of name. */
  toolsOfRole: Record<string, string[]>;
  /** Per role and tool: how often it was called without arguments. */
  withoutArguments: Record<string, Record<string, number>>;
}

export async function surveyOf(runs: AsyncIterable<Run>): Promise<Survey> {
  const tools = new Map<string, Set<string>>();
  const survey: Survey = { runs: 0, toolsOfRole: {}, withoutArguments: {} };
  for await (const run of runs) {
    survey.runs += 1;
    const role = roleOf(run);
    const seen = tools.get(role) ?? new Set<string>();
    tools.set(role, seen);
    const without = (survey.withoutArguments[role] ??= {});
    for (const { tool, args } of run.calls) {
      seen.add(tool);
      if (isEmpty(args)) without[tool] = (without[tool] ?? 0) + 1;
    }
  }
  for (const [role, seen] of tools) survey.toolsOfRole[role] = [...seen].sort();
  return survey;
}

function isEmpty(args: unknown): boolean {
  return args === null || typeof args !== 'object' || Object.keys(args).length === 0;
}
