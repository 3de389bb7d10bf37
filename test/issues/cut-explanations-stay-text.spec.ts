import { expect, it } from 'vitest';
import { encodeAlert, encodeRevocation } from '#activity';
import type { TaskStarted, ToolCall } from '#activity/types';
import { assess, type AgentState } from '#drift';
import { defaultPolicy } from '#policy';
import { stateCodec } from '#store';

const T = 1_790_000_000_000;
const policy = defaultPolicy();
const base = {
  tenant: 'acme',
  agent: 'spiffe://acme/a',
  assurance: 'verified' as const,
  principal: null,
  actors: [],
  source: 'gateway/g',
  instance: 'g-1',
  pending: false,
  conversation: null,
  time: T,
};
const started: TaskStarted = {
  ...base,
  type: 'TaskStarted',
  id: 'g-1-1',
  sequence: 1,
  task: 't0-abcdefgh',
  intent: '',
  intentValues: [],
  intentEffects: [],
  intentActions: [],
  intentTopics: [],
  intentAuthors: [],
  intentDelegates: false,
  scope: {
    tools: null,
    effects: ['read'],
    resources: ['/work/**'],
    destinations: null,
    dataClasses: null,
    estimated: false,
  },
  expiresAt: T + 3_600_000,
  parentTask: null,
  kind: null,
  exposure: [],
};

function call(tool: string, resource: string): ToolCall {
  return {
    ...base,
    type: 'ToolCall',
    id: 'g-1-2',
    sequence: 2,
    task: started.task,
    callId: 'g-1-2',
    method: 'tools/call',
    server: 'files',
    tool,
    effect: 'write',
    effectSource: 'catalogue',
    uncatalogued: false,
    dataClasses: [],
    resource,
    destination: null,
    facts: [],
    values: [],
    valuesDropped: 0,
    argumentsBytes: 0,
    toolDigest: null,
    decision: 'allowed',
    basis: 'passed',
    reason: '',
    revocation: null,
    policy: '',
  };
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
