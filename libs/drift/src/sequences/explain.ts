/** A match in a sentence: which steps, and when. */
import type { SequenceChain } from '../state.js';
import type { PlannedRule, Seen } from './plan.js';
import type { SequenceStep } from './rule.js';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

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

/** UTC; with how many days before where it was another. */
function clock(timeMs: number, now: number): string {
  const part = (size: number, of: number) => `${Math.floor(timeMs / size) % of}`.padStart(2, '0');
  const days = Math.floor(now / DAY_MS) - Math.floor(timeMs / DAY_MS);
  const time = `${part(HOUR_MS, 24)}:${part(MINUTE_MS, 60)}:${part(SECOND_MS, 60)}Z`;
  return days === 0 ? time : `${time} ${days} ${days === 1 ? 'day' : 'days'} before`;
}

function inWords(ms: number): string {
  const units: [string, number][] = [
    ['d', DAY_MS],
    ['h', HOUR_MS],
    ['min', MINUTE_MS],
  ];
  const unit = units.find(([, size]) => ms >= size && ms % size === 0);
  return unit === undefined ? `${ms / SECOND_MS} s` : `${ms / unit[1]} ${unit[0]}`;
}
