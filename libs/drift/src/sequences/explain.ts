/** A match in a sentence: which steps, and when. */
import type { SequenceChain } from '../state.js';
import type { PlannedRule, Seen } from './plan.js';
import type { SequenceStep } from './rule.js';

/** All steps were done, the last one just now. */
export function explainMatch(one: PlannedRule, chain: SequenceChain, seen: Seen, now: number): string {
  const before = { ...chain, times: chain.times.slice(0, -1) };
  const last = `${(one.positions.at(-1) as SequenceStep).id} now with ${seen.server}/${seen.tool}`;
  return `${one.rule.title}: ${[...stepsDone(one, before, now), last].join(', ')}.`;
}

/** All steps were done, and what had to follow did not. */
export function explainAbsence(one: PlannedRule, chain: SequenceChain, now: number, atEnd: boolean): string {
  const ending = one.ending as SequenceStep;
  const until = atEnd ? 'by the end of the task' : `within ${inWords(ending.withinMs as number)}`;
  return `${one.rule.title}: ${stepsDone(one, chain, now).join(', ')}, and no ${ending.id} ${until}.`;
}

/** Of a chain that was shared only its beginning is known. */
function stepsDone(one: PlannedRule, { times }: SequenceChain, now: number): string[] {
  const names = [
    ...new Set(one.positions.map(({ id, times: count }) => (count > 1 ? `${count} × ${id}` : id))),
  ];
  return times.map((time, at) => `${names[at] as string} at ${clock(time, now)}`);
}

/** UTC; with the day where it is another. */
function clock(timeMs: number, now: number): string {
  const [day, time] = new Date(timeMs).toISOString().split('T') as [string, string];
  const today = new Date(now).toISOString().startsWith(day);
  return `${today ? '' : `${day} `}${time.slice(0, 8)}Z`;
}

function inWords(ms: number): string {
  const units: [string, number][] = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['min', 60_000],
  ];
  const unit = units.find(([, size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${ms / 1_000} s` : `${ms / unit[1]} ${unit[0]}`;
}
