import { expect, it } from 'vitest';
import { encodeAlert, encodeRevocation, ordinaryCall, ordinaryTask } from '#activity';
import type { ToolCall } from '#activity/types';
import { assess, type AgentState } from '#drift';
import { defaultPolicy } from '#policy';
import { stateCodec } from '#store';

const policy = defaultPolicy();
const started = ordinaryTask('t0-abcdefgh', {
  intent: '',
  scope: {
    tools: null,
    effects: ['read'],
    resources: ['/work/**'],
    destinations: null,
    dataClasses: null,
    estimated: false,
  },
});

function call(tool: string, resource: string): ToolCall {
  return ordinaryCall({ id: 'a1-2', sequence: 2, task: started.task, tool, resource, effect: 'write' });
}

/**
 * An explanation was cut in the middle of a character that an agent had put there. The half of it cannot be written:
 * the drifting call went to the dead letters without evidence, or the state could not be stored and the engine ended.
 */
it.each([
  ['a tool name, even', '😀'.repeat(64), '/other'],
  ['a tool name, odd', `x${'😀'.repeat(63)}`, '/other'],
  ['a resource, even', 'write_file', `/${'😀'.repeat(120)}`],
  ['a resource, odd', 'write_file', `/x${'😀'.repeat(120)}`],
])('what is said of %s can be written whatever it is made of', (_, tool, resource) => {
  const opened: AgentState = assess(policy, null, started).state;
  const { state, commands, evidence } = assess(policy, opened, call(tool, resource));
  expect(evidence).not.toEqual([]);
  expect(commands.map(({ type }) => type)).toContain('revoke');
  for (const command of commands) {
    if (command.type === 'revoke') encodeRevocation(command.revocation);
    if (command.type === 'alert') encodeAlert(command.alert);
  }
  expect(stateCodec.decode(stateCodec.encode(state)).evidence).toEqual(state.evidence);
});
