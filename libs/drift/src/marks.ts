/** What a task was exposed to: data classes, trust and ways out, each once, with when. */
import { LIMITS } from './limits.js';
import type { Policy } from './policy.js';
import type { ReadMark } from './state.js';

/** A mark read again is renewed at most this often: its time only matters for how it ages when passed on. */
const RENEW_MS = 60_000;

/** With this mark. The same array when it says nothing new. */
export function marked(policy: Policy, marks: ReadMark[], mark: ReadMark): ReadMark[] {
  const at = placeOf(marks, mark);
  const known = marks[at];
  if (known === undefined) return limited([...marks, mark], policy);
  if (mark.inherited && !known.inherited) return marks;
  if (mark.inherited === known.inherited && mark.at - known.at < RENEW_MS) return marks;
  return marks.with(at, { ...mark, at: Math.max(mark.at, known.at) });
}

function placeOf(marks: readonly ReadMark[], { what, name }: ReadMark): number {
  for (let at = 0; at < marks.length; at++) {
    const mark = marks[at] as ReadMark;
    if (mark.what === what && mark.name === name) return at;
  }
  return -1;
}

/** All of these as marks passed on, the latest of each. */
export function inheritedMarks(lists: ReadMark[][], policy?: Policy): ReadMark[] {
  const latest = new Map<string, ReadMark>();
  for (const mark of lists.flat()) {
    const id = `${mark.what}/${mark.name}`;
    const known = latest.get(id);
    if (known === undefined || known.at < mark.at) latest.set(id, { ...mark, inherited: true });
  }
  return limited([...latest.values()], policy);
}

/** How much a mark still says: in full in the task that read it, aged where it was passed on. */
export function markShare(mark: ReadMark, now: number, halfLifeMs: number): number {
  return mark.inherited ? 2 ** (Math.min(0, mark.at - now) / halfLifeMs) : 1;
}

/** Too many: the class that matters least goes first, the older one among equals. */
function limited(marks: ReadMark[], policy?: Policy): ReadMark[] {
  if (marks.length <= LIMITS.marks) return marks;
  const weight = (mark: ReadMark) => (mark.what === 'class' ? (policy?.dataClasses[mark.name] ?? 0) : 2);
  const kept = marks.toSorted((a, b) => weight(b) - weight(a) || b.at - a.at).slice(0, LIMITS.marks);
  return marks.filter((mark) => kept.includes(mark));
}
