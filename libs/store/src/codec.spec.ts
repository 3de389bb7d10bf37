import { describe, expect, it } from 'vitest';
import { DecodeError, ordinaryCall, ordinaryTask } from '#activity';
import type { Activity, ActivityBase, ToolCall } from '#activity/types';
import { assess, emptyState, type AgentState } from '#drift';
import { defaultPolicy } from '#policy';
import { stateCodec } from './codec.js';

const START_MS = 1_764_000_000_000;
const who = { tenant: 'default', agent: 'spiffe://example.org/é', assurance: 'verified' } as const;

function base(sequence: number): Omit<ActivityBase, 'task'> {
  return {
    ...who,
    id: `gw-1-${sequence}`,
    principal: 'user@example.org',
    actors: [],
    time: START_MS + sequence * 1_000,
    source: 'gateway/gw',
    instance: 'gw-1',
    sequence,
    pending: false,
    conversation: 'session-1',
  };
}

function call(sequence: number, more: Partial<ToolCall>): ToolCall {
  const resource = '/data/reports/q3.md';
  return ordinaryCall({ ...base(sequence), task: 't3-1', callId: `c-${sequence}`, resource, ...more });
}

/** A task that drifts until it is stopped; with a gap in the numbering, and another task that ended. */
const story: Activity[] = [
  ordinaryTask('t3-1', {
    ...base(1),
    intent: 'Summarise the reports.',
    scope: {
      tools: null,
      effects: ['read', 'write'],
      resources: ['**/reports/**'],
      destinations: [],
      dataClasses: null,
      estimated: false,
    },
    expiresAt: START_MS + 3_600_000,
    kind: 'reports',
  }),
  call(2, { task: null }),
  call(4, { resource: '/data/secrets/deploy.env', dataClasses: ['credential'] }),
  call(5, { tool: 'write_file', effect: 'write', resource: '/data/website/index.html' }),
  call(6, {
    server: 'mail',
    tool: 'send',
    effect: 'send',
    resource: null,
    decision: 'refused',
    basis: 'revocation',
  }),
  { ...base(7), type: 'TaskEnded', task: 't3-1', outcome: 'cancelled', by: 'user@example.org' },
];

/** The state after each activity, as the core makes it. */
function states(): AgentState[] {
  const policy = defaultPolicy();
  const all: AgentState[] = [emptyState(who)];
  for (const activity of story) all.push(assess(policy, all.at(-1)!, activity).state);
  return all;
}

describe('stateCodec', () => {
  it('gives back every state the core makes, field by field, and writes the same bytes every time', () => {
    for (const state of states()) {
      const bytes = stateCodec.encode(state);
      const read = stateCodec.decode(bytes);
      // Records come back as instances of generated classes; only their fields count.
      expect(structuredClone(read)).toEqual(structuredClone(state));
      expect(stateCodec.encode(read)).toEqual(bytes);
    }
  });

  it('is tried with states that hold something of everything', () => {
    const seen = states();
    for (const part of ['evidence', 'tasks', 'ended', 'revocations', 'instances'] as const) {
      expect(seen.some((state) => state[part].length > 0)).toBe(true);
    }
    expect(seen.some((state) => state.instances.some(({ missing }) => missing.length > 0))).toBe(true);
  });

  it('names what is no state', () => {
    const bytes = stateCodec.encode(states().at(-1)!);
    expect(() => stateCodec.decode(bytes.subarray(0, -1))).toThrow(DecodeError);
    expect(() => stateCodec.decode(Buffer.from('{}'))).toThrow(DecodeError);
  });
});
