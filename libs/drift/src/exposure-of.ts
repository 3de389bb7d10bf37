import type { Exposure } from '#activity/types';
import type { AgentState, ReadMark } from './state.js';

/**
 * What a task that starts another passes on: what it met itself as of now, what was passed on to it with its age. Of a
 * task that is over, everything that ended tasks left with the agent: ending first hides nothing.
 */
export function exposureOf(state: AgentState, task: string, now: number): Exposure[] {
  const open = state.tasks.find((one) => !one.implicit && one.id === task);
  if (open !== undefined) return passedOn(open.marks, now);
  return passedOn(
    [...state.carried, ...state.tasks.filter(({ implicit }) => implicit)].flatMap(marksOf),
    now,
  );
}

function marksOf({ marks }: { marks: ReadMark[] }): ReadMark[] {
  return marks.map((mark) => ({ ...mark, inherited: true }));
}

/** Each once, as of the latest. */
function passedOn(marks: readonly ReadMark[], now: number): Exposure[] {
  const latest = new Map<string, Exposure>();
  for (const { what, name, at, inherited } of marks) {
    const time = inherited ? at : now;
    const known = latest.get(`${what}/${name}`);
    if (known === undefined || known.at < time) latest.set(`${what}/${name}`, { what, name, at: time });
  }
  return [...latest.values()];
}
