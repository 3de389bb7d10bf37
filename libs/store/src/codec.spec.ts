import { describe, expect, it } from 'vitest';
import { DecodeError } from '#activity';
import { emptyState, type AgentState } from '#drift';
import { stateCodec } from './codec.js';

const who = { tenant: 'default', agent: 'spiffe://example.org/agent', assurance: 'verified' } as const;
const counts = { names: ['files/read', 'é'], amounts: [1.5, 1e-9] };

/** Everything filled in. Typed, so that a field the core adds has to be named here. */
const full: Required<AgentState> = {
  ...emptyState(who),
  policy: 'a'.repeat(64),
  clockMs: 1_764_000_000_123,
  level: 'elevated',
  observedLevel: 'critical',
  profile: {
    landmarkMs: 1_764_000_000_000,
    calls: 3,
    results: 2,
    tools: counts,
    effects: counts,
    classes: counts,
    servers: counts,
    transitions: counts,
  },
  rate: { at: 1, calls: 0.25, argumentsBytes: 10.5, resultBytes: 1e6, records: 3 },
  evidence: [
    {
      key: 'scope:tool@t3-1',
      kind: 'scope:tool',
      detector: 'scope',
      task: 't3-1',
      weight: 0.75,
      time: 1_764_000_000_000,
      halfLifeMs: 900_000,
      explanation: 'A tool outside the scope.',
      cause: 'i-1',
      observed: false,
    },
  ],
  tasks: [
    {
      id: 't3-1',
      implicit: false,
      principal: 'user@example.org',
      conversation: null,
      parentTask: null,
      scope: { tools: ['read'], effects: ['read'], resources: null, destinations: [], dataClasses: null },
      startedAt: 1,
      expiresAt: 2,
      lastAt: 3,
      calls: 4,
      callsSinceCheck: 5,
      checkedAt: 0,
      lastEffect: 'read',
      marks: [{ what: 'class', name: 'pii', at: 5, inherited: true }],
      failures: 0.5,
      failuresAt: 6,
      level: 'high',
      observedLevel: 'high',
    },
  ],
  ended: [{ id: 't3-0', at: 1, outcome: 'completed' }],
  carried: [{ task: 'implicit', marks: [], level: 'normal', observedLevel: 'normal' }],
  revocations: [
    {
      id: 'r-1',
      rule: 'scope',
      subject: 't3-1',
      task: null,
      effects: ['write', 'send'],
      response: 'restrict',
      issuedAt: 1,
      until: 2,
      reason: 'because',
      risk: 81.25,
      policy: 'b'.repeat(64),
      cause: 'i-1',
      evidence: ['scope:tool@t3-1'],
      observed: true,
    },
  ],
  settled: [{ key: 'k', until: 9 }],
  instances: [{ instance: 'gw-1', highest: 9, lastAt: 8, missing: [{ from: 2, to: 3 }] }],
  observing: ['files'],
};

describe('stateCodec', () => {
  it.each([
    ['an empty state', emptyState(who)],
    ['a full state', full],
  ])('gives back %s exactly, and the same bytes every time', (_, state) => {
    const bytes = stateCodec.encode(state);
    const read = stateCodec.decode(bytes);
    expect(JSON.parse(JSON.stringify(read))).toEqual(JSON.parse(JSON.stringify(state)));
    expect(stateCodec.encode(read)).toEqual(bytes);
  });

  it('names what is no state', () => {
    const bytes = stateCodec.encode(full);
    expect(() => stateCodec.decode(bytes.subarray(0, -1))).toThrow(DecodeError);
    expect(() => stateCodec.decode(Buffer.from('{}'))).toThrow(DecodeError);
  });
});
