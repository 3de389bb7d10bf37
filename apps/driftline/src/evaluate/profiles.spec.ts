import { describe, expect, it } from 'vitest';
import { defaultPolicy, noCounts } from '#policy';
import { Learning, Profiles } from './profiles.js';
import type { Run } from './runs.js';

const run = (suite: string, userTask: string) => ({ source: 'source', suite, userTask }) as Run;
const counts = (tool: string) => ({ ...noCounts(), tasks: 1, calls: 1, tools: { [tool]: 1 } });

/** Twelve tasks of two runs each; each task has a tool of its own. */
function learned(known: ConstructorParameters<typeof Learning>[0] = { leaveOut: [], given: {} }): Learning {
  const learning = new Learning(known);
  for (let task = 0; task < 12; task++) {
    for (let i = 0; i < 2; i++) learning.add(run('office', `task-${task}`), counts(`tool-${task}`));
  }
  return learning;
}

describe('what is usual in a role', () => {
  const policy = defaultPolicy();
  const toolsFor = (learning: Learning, one: Run) =>
    new Profiles(learning.learned).policyFor(one, policy).baseline?.roles['source/office']?.tools;

  it('is learned from other tasks than the one that is judged', () => {
    const tools = toolsFor(learned(), run('office', 'task-3'))!;
    expect(Object.keys(tools)).toHaveLength(11);
    expect(tools).toMatchObject({ 'tool-2': 2 });
    expect(tools).not.toHaveProperty('tool-3');
  });

  it('names the policy: two tasks are judged by two', () => {
    const profiles = new Profiles(learned().learned);
    const digest = (task: string) => profiles.policyFor(run('office', task), policy).digest;
    expect(new Set([policy.digest, digest('task-1'), digest('task-2')]).size).toBe(3);
    expect(profiles.policyFor(run('office', 'task-1'), policy)).toBe(
      profiles.policyFor(run('office', 'task-1'), policy),
    );
  });

  it('is not known where nothing may be learned, or too little was', () => {
    expect(toolsFor(learned({ leaveOut: ['office'], given: {} }), run('office', 'task-3'))).toBeUndefined();
    const few = new Learning({ leaveOut: [], given: {} });
    few.add(run('office', 'task-1'), counts('tool'));
    expect(toolsFor(few, run('office', 'task-2'))).toBeUndefined();
  });

  it('is taken as it is given', () => {
    const given = { 'source/office': { ...counts('elsewhere'), tasks: 50 } };
    expect(toolsFor(learned({ leaveOut: ['office'], given }), run('office', 'task-3'))).toEqual({
      elsewhere: 1,
    });
  });
});
