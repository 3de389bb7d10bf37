import { describe, expect, it } from 'vitest';
import type { Finding } from '#drift';
import { decodePolicy, encodePolicy, parsePolicy } from '#policy';
import { DEFAULT_GUARD, floodsOf, withoutEnforcement } from './flood-guard.js';
import { FloodTally, SAMPLE_MAX, together } from './flood-tally.js';

const HOUR_MS = 3_600_000;
const WINDOW = FloodTally.windowOf(1_790_000_000_000, HOUR_MS);

function finding(detector: string, more: Partial<Finding> = {}, kind = detector): Finding {
  const piece = { key: `${kind}@t1`, detector, weight: 0.6, time: WINDOW, halfLifeMs: 1, task: 't1' };
  const tags = { asi: [], atlas: [], maestro: [], nist: [] };
  return {
    rule: 'r',
    level: 'elevated',
    risk: 60,
    task: 't1',
    title: '',
    explanation: '',
    evidence: [{ ...piece, explanation: '', cause: 'c', tags }],
    observed: false,
    ...more,
  };
}

const agents = (count: number, of = 'agent') =>
  Array.from({ length: count }, (_, i) => `acme|spiffe://acme/${of}-${i}`);

/** `firing` of `count` agents have this finding, spread over as many partitions. */
function tallies(count: number, firing: number, found: Finding, partitions = 3): FloodTally[] {
  const made = Array.from({ length: partitions }, () => new FloodTally());
  agents(count).forEach((key, i) => {
    const tally = made[i % partitions]!;
    tally.acted(key, 'verified', WINDOW);
    if (i < firing) tally.found(key, 'verified', [found]);
  });
  return made;
}

const guard = { ...DEFAULT_GUARD, minAgents: 20, share: 0.3 };
const floods = (made: FloodTally[]) => floodsOf(together(made, WINDOW - HOUR_MS), guard);

describe('what fires on everyone', () => {
  it('is a share of the agents that acted, over all partitions, however often it fires on one', () => {
    expect(floods(tallies(100, 29, finding('scope')))).toEqual([]);
    const found = floods(tallies(100, 30, finding('scope')));
    expect(found).toEqual([{ cause: 'scope', agents: 30, active: 100, share: 0.3, proved: true }]);
    const often = tallies(100, 5, finding('scope'));
    for (let i = 0; i < 1_000; i += 1) often[0]!.found(agents(1)[0]!, 'verified', [finding('scope')]);
    expect(floods(often)).toEqual([]);
  });

  it('says nothing about a few agents, about what is only observed, and about no level at all', () => {
    expect(floods(tallies(19, 19, finding('scope')))).toEqual([]);
    expect(floods(tallies(50, 50, finding('scope', { observed: true })))).toEqual([]);
    expect(floods(tallies(50, 50, finding('scope', { level: 'normal' })))).toEqual([]);
  });

  it('names the sequence rule, whomever it went to', () => {
    const made = tallies(40, 0, finding('sequence'));
    agents(40).forEach((key, i) => {
      made[i % 3]!.found(key, 'verified', [finding('sequence', {}, `sequence/leak/0000${i}`)]);
    });
    expect(floods(made).map(({ cause }) => cause)).toEqual(['sequence/leak']);
  });

  it('does not count made-up names where there are proved ones, and proves nothing by them alone', () => {
    const made = tallies(40, 2, finding('scope'));
    for (const key of agents(400, 'asserted')) {
      made[0]!.acted(key, 'asserted', WINDOW);
      made[0]!.found(key, 'asserted', [finding('scope')]);
    }
    expect(floods(made)).toEqual([]);
    const alone = new FloodTally();
    for (const key of agents(30, 'asserted')) {
      alone.acted(key, 'asserted', WINDOW);
      alone.found(key, 'asserted', [finding('scope')]);
    }
    expect(floods([alone])).toMatchObject([{ cause: 'scope', share: 1, proved: false }]);
  });

  it('is bounded, survives a restart, and forgets what is two windows old', () => {
    const made = tallies(20_000, 8_000, finding('scope'), 1);
    const bytes = made[0]!.encode();
    expect(bytes.length).toBeLessThan(64 * 1024);
    const again = FloodTally.decode(bytes);
    const [found] = floods([again]);
    expect(found).toMatchObject({ active: SAMPLE_MAX, proved: true });
    expect(found!.share).toBeGreaterThan(0.33);
    expect(found!.share).toBeLessThan(0.47);
    again.acted(agents(1)[0]!, 'verified', WINDOW + HOUR_MS);
    expect(floodsOf(together([again], WINDOW), guard)).toHaveLength(1);
    again.acted(agents(1)[0]!, 'verified', WINDOW + 2 * HOUR_MS);
    expect(floodsOf(together([again], WINDOW + HOUR_MS), guard)).toEqual([]);
    expect(floodsOf(together([FloodTally.decode(Buffer.from('nonsense'))], 0), guard)).toEqual([]);
  });

  it('writes a tally down now and then, when there is something new', () => {
    const tally = new FloodTally();
    expect(tally.due(WINDOW)).toBeNull();
    tally.acted('a', 'verified', WINDOW);
    expect(tally.due(WINDOW)).not.toBeNull();
    tally.acted('b', 'verified', WINDOW);
    expect(tally.due(WINDOW + 1_000)).toBeNull();
    expect(tally.due(WINDOW + 5_000)).not.toBeNull();
    expect(tally.due(WINDOW + 60_000)).toBeNull();
  });
});

describe('a policy that stops enforcing it', () => {
  const policy = parsePolicy(
    'name: strict\nfloodGuard: { window: 10m, minAgents: 5, share: 0.5, response: observe }\n',
  );

  it('says what the policy says, and observes', () => {
    expect(policy.floodGuard).toEqual({ windowMs: 600_000, minAgents: 5, share: 0.5, response: 'observe' });
    const derived = withoutEnforcement(policy, ['scope'])!;
    expect(derived.detectors['scope']).toEqual({ ...policy.detectors['scope'], mode: 'observe' });
    expect({ ...derived, digest: '', name: '', detectors: {} }).toEqual({
      ...policy,
      digest: '',
      name: '',
      detectors: {},
    });
    expect(derived.name).toContain('scope observed');
    expect(decodePolicy(encodePolicy(derived)).digest).toBe(derived.digest);
    expect(derived.digest).not.toBe(policy.digest);
  });

  it('is none when nothing of it enforces', () => {
    const derived = withoutEnforcement(policy, ['scope', 'canary'])!;
    expect(withoutEnforcement(derived, ['scope', 'canary', 'sequence/unknown'])).toBeNull();
  });

  it('is never silent about honeytokens and tasks that are over, however many trip them', () => {
    expect(withoutEnforcement(policy, ['canary', 'afterlife'])).toBeNull();
    expect(withoutEnforcement(policy, ['canary', 'scope'])!.detectors['canary']!.mode).toBe('enforce');
  });
});
