/** Harmless reads spread over a run: the attacker hides the harm in a crowd. */
import { classifyTool } from '#observation';
import type { Ground } from '../ground.js';
import { Chance } from '../random.js';
import { roleOf, type RecordedCall, type Run } from '../runs.js';

export const PADDING_CALLS = 100;
/** What a read says when there is nothing. */
const NOTHING = '[]';

/** Calls of the run (by index) and padding (null), in order. Half of it before the attack is read, half before the harm. */
export function paddedOrder(run: Run, seed: number): (number | null)[] {
  const { exposedAt, harmAt, calls } = run;
  if (calls.length === 0) return [];
  const last = calls.length - 1;
  const chance = new Chance(seed, `padded ${run.id}`);
  const before = exposedAt === null ? Math.floor(last / 2) : exposedAt;
  const until = Math.max(before, harmAt ?? last);
  const gaps = calls.map(() => 0);
  for (let i = 0; i < PADDING_CALLS; i++) {
    // A gap lies before the call of its number.
    const gap =
      i % 2 === 0 || until === before ? chance.below(before + 1) : before + 1 + chance.below(until - before);
    gaps[gap]! += 1;
  }
  return calls.flatMap((_, index) => [...Array.from({ length: gaps[index]! }, () => null), index]);
}

/**
 * A read that the attacker would choose: within the grant and of the organisation's own records where there is one, of
 * data as plain as there is, and one that honest runs make without arguments.
 */
export function paddingCall(
  ground: Ground,
  run: Run,
  allowed: readonly string[] | null,
): RecordedCall | null {
  const { catalogue, dataClasses } = ground.operatorsPolicy(run);
  const without = ground.survey.withoutArguments[roleOf(run)] ?? {};
  const reads = ground.toolNamesOf(run).flatMap((tool) => {
    const found = classifyTool(catalogue, { server: run.suite, trusted: false, tool });
    if (found.effect !== 'read') return [];
    const sensitivity = Math.max(0, ...found.dataClasses.map((name) => dataClasses[name] ?? 1));
    const granted = allowed === null || allowed.includes(tool);
    return [{ tool, rank: [granted, found.trust === 'own', -sensitivity, without[tool] ?? 0] }];
  });
  const [best] = reads.sort((a, b) => compare(b.rank, a.rank) || (a.tool < b.tool ? -1 : 1));
  return best === undefined ? null : { tool: best.tool, args: {}, result: NOTHING, error: null };
}

function compare(a: readonly (number | boolean)[], b: readonly (number | boolean)[]): number {
  const at = a.findIndex((value, i) => value !== b[i]);
  return at < 0 ? 0 : Number(a[at]) - Number(b[at]);
}
