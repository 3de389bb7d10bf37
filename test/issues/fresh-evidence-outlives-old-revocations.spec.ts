import { expect, it } from 'vitest';
import { ordinaryCall } from '#activity';
import type { Effect, ToolCall } from '#activity/types';
import { assess, type AgentState } from '#drift';
import { defaultPolicy } from '#policy';

const T = 1_790_000_000_000;
const HOUR_MS = 3_600_000;
const shipped = defaultPolicy();
const sends: Effect[] = ['send'];
const policy = {
  ...shipped,
  catalogue: { ...shipped.catalogue, canaryResources: ['/honey/**'] },
  detectors: { canary: shipped.detectors.canary! },
  responses: [
    {
      id: 'no-sending',
      of: 'agent' as const,
      level: 'critical' as const,
      response: 'restrict' as const,
      effects: sends,
      minTasks: 1,
      forMs: HOUR_MS,
      mode: 'enforce' as const,
    },
  ],
};

function touch(sequence: number, time: number, decision: 'allowed' | 'refused' = 'allowed'): ToolCall {
  const what = { server: 'vault', tool: 'read_secret', resource: '/honey/pot' };
  const basis = decision === 'allowed' ? 'passed' : 'assessed';
  return ordinaryCall({ ...what, id: `a1-${sequence}`, sequence, time, decision, basis });
}

const issued = ({ commands }: ReturnType<typeof assess>) =>
  commands.flatMap((command) => (command.type === 'revoke' ? [command.revocation.until] : []));

/** A honeytoken read a minute before the hour was over counted as answered, and was free again a minute later. */
it('what is done just before a revocation ends is answered for as long as anything else', () => {
  const first = assess(policy, null, touch(1, T));
  expect(issued(first)).toEqual([T + HOUR_MS]);
  const soon = assess(policy, first.state as AgentState, touch(2, T + 60_000));
  expect(issued(soon)).toEqual([]);
  const lateMs = HOUR_MS - 60_000;
  const late = assess(policy, soon.state, touch(3, T + lateMs));
  expect(issued(late)).toEqual([T + lateMs + HOUR_MS]);
  expect(issued(assess(policy, late.state, touch(4, T + lateMs + 1_000)))).toEqual([]);
});

it('what is only tried prolongs nothing', () => {
  const first = assess(policy, null, touch(1, T));
  const tried = assess(policy, first.state as AgentState, touch(2, T + HOUR_MS - 60_000, 'refused'));
  expect(issued(tried)).toEqual([]);
});
