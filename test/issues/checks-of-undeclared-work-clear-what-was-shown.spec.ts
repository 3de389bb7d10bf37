import { expect, it } from 'vitest';
import type { ContextChecked } from '#activity/types';
import { assess, riskView, type AgentState } from '#drift';
import { defaultPolicy } from '#policy';
import { Story } from '../unit/drift/story.js';

const policy = defaultPolicy();

/** An agent that sends out what nobody declared a task for: stopped, with the evidence of its undeclared work. */
function stopped(): { state: AgentState; task: string } {
  const story = new Story({
    ...policy,
    catalogue: { ...policy.catalogue, canaryResources: ['**/honey/**'] },
  });
  story.call({ resource: '/data/honey/pot' });
  const state = story.state as AgentState;
  const revocation = state.revocations.find(({ subject }) => subject?.startsWith('implicit/'));
  return { state, task: revocation!.subject! };
}

function checked(state: AgentState, task: string, outcome: 'passed' | 'failed'): ContextChecked {
  return {
    type: 'ContextChecked',
    id: 'person-1',
    tenant: state.tenant,
    agent: state.agent,
    assurance: state.assurance,
    principal: null,
    actors: [],
    time: state.clockMs + 1_000,
    source: 'authority/a',
    instance: 'person',
    sequence: 1,
    pending: false,
    conversation: null,
    task,
    outcome,
    by: 'ada',
    reason: 'a test',
    evidence: state.evidence.map(({ key }) => key),
  };
}

it('a passed check on undeclared work clears it, lifts what rested on it, and settles it', () => {
  const { state, task } = stopped();
  const { state: next, commands } = assess(policy, state, checked(state, task, 'passed'));
  expect(next.evidence).toEqual([]);
  expect(riskView(policy, next, task, next.clockMs).risk).toBe(0);
  const lifted = commands.flatMap((one) => (one.type === 'lift' ? [one.lift.revocation] : []));
  expect(lifted).toContain(state.revocations.find(({ subject }) => subject === task)!.id);
  expect(next.settled.length).toBeGreaterThan(0);
});

/** It named the core's own id, which no gateway knows: it took nothing away from anybody. */
it('a failed check on undeclared work takes away from the agent, and speaks of undeclared work', () => {
  const { state, task } = stopped();
  // Also when the undeclared task has ended by idleness meanwhile.
  for (const tasks of [state.tasks, []]) {
    const { commands } = assess(policy, { ...state, tasks }, checked(state, task, 'failed'));
    const revocations = commands.flatMap((one) => (one.type === 'revoke' ? [one.revocation] : []));
    expect(revocations).toHaveLength(1);
    expect(revocations[0]).toMatchObject({
      task: null,
      agent: 'acme|spiffe://acme.example/agent/report-writer',
    });
    expect(JSON.stringify(commands.map((one) => (one.type === 'alert' ? one.alert.title : '')))).toContain(
      'Undeclared work failed its context check',
    );
    expect(revocations[0]!.reason).not.toContain('implicit/');
  }
});
