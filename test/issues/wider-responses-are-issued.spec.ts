import { expect, it } from 'vitest';
import { ordinaryCall } from '#activity';
import type { Effect, ToolCall } from '#activity/types';
import { assess, type AgentState } from '#drift';
import { defaultPolicy } from '#policy';

const T = 1_790_000_000_000;
const shipped = defaultPolicy();
const rule = { of: 'task' as const, response: 'restrict' as const, minTasks: 1, forMs: 60_000 };
const sends: Effect[] = ['send'];
const policy = {
  ...shipped,
  catalogue: { ...shipped.catalogue, canaryResources: ['/honey/**'] },
  responses: [
    { ...rule, id: 'some', level: 'elevated' as const, effects: sends, mode: 'enforce' as const },
    { ...rule, id: 'all', level: 'critical' as const, effects: null, mode: 'enforce' as const },
  ],
};

function call(sequence: number, resource: string, dataClasses: string[]): ToolCall {
  const what = { server: 'vault', tool: 'read_secret', resource, dataClasses };
  return ordinaryCall({ ...what, id: `a1-${sequence}`, sequence, time: T + sequence });
}

const revoked = ({ commands }: ReturnType<typeof assess>) =>
  commands.flatMap((command) => (command.type === 'revoke' ? [command.revocation.effects] : []));

/** The milder of two rules with the same response counted as an answer to the graver one, which took away more. */
it('a response that takes away more is issued though a narrower one of its kind is live', () => {
  const first = assess(policy, null, call(1, '/a', ['credential']));
  expect(revoked(first)).toEqual([sends]);
  const second = assess(policy, first.state as AgentState, call(2, '/honey/x', ['credential']));
  expect(revoked(second)).toEqual([null]);
  expect(revoked(assess(policy, second.state, call(3, '/honey/x', ['credential'])))).toEqual([]);
});
