/** The approval gap: 0 right after an approval, only growing until the next, and quiet for ordinary short work. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EFFECTS } from '#activity/types';
import { approvalGap, approvalOf, type AgentState } from '#drift';
import { defaultPolicy } from '#policy';
import { Story } from './story.js';

const policy = defaultPolicy();
const MINUTE_MS = 60_000;
const gapOf = (story: Story) => approvalGap(policy, story.state as AgentState, 't1', 0);

/** One thing that happens in the task. */
const happening = fc.record({
  effect: fc.constantFrom(...EFFECTS),
  server: fc.constantFrom('files', 'mail', 'web', 'crm'),
  trust: fc.constantFrom('own' as const, 'third-party' as const, 'unknown' as const),
  dataClasses: fc.subarray(['internal', 'pii', 'phi', 'credential']),
  waitMinutes: fc.nat({ max: 30 }),
  refused: fc.boolean(),
});
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

function happens(
  story: Story,
  { effect, server, trust, dataClasses, waitMinutes, refused }: Happening,
): void {
  story.wait(waitMinutes * MINUTE_MS);
  const decision = refused ? ('refused' as const) : ('allowed' as const);
  story.call({ task: 't1', effect, server, dataClasses, decision, basis: 'assessed' });
  story.result({ task: 't1', server, trust, dataClasses });
}

function started(): Story {
  const story = new Story(policy);
  story.start('t1', { expiresAt: story.now + 1_000 * 60 * MINUTE_MS });
  return story;
}

describe('approval gap', () => {
  it('is 0 at the start, and again right after a passed check', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 20 }), (happenings) => {
        const story = started();
        expect(gapOf(story)).toBe(0);
        for (const one of happenings) happens(story, one);
        story.check('t1', 'passed');
        expect(gapOf(story)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('only grows until then, stays below 1, and a failed check renews nothing', () => {
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 30 }), fc.nat(), (happenings, at) => {
        const story = started();
        let before = 0;
        happenings.forEach((one, index) => {
          if (index === at % 30) story.check('t1', 'failed');
          happens(story, one);
          const gap = gapOf(story);
          expect(gap).toBeGreaterThan(before);
          expect(gap).toBeLessThan(1);
          before = gap;
        });
      }),
      { numRuns: 60 },
    );
  });

  it('grows with time alone', () => {
    const story = started();
    const state = story.state as AgentState;
    const later = (hours: number) => approvalGap(policy, state, 't1', state.clockMs + hours * 60 * MINUTE_MS);
    expect(later(4)).toBeCloseTo(0.5, 2);
    expect(later(8)).toBeCloseTo(0.75, 2);
    expect(approvalOf(policy, state, 't1', state.clockMs + 8 * 60 * MINUTE_MS).renewalDue).toBe(true);
    expect(approvalOf(policy, state, null, state.clockMs).renewalDue).toBe(false);
  });

  it('is quiet for ordinary short work: some tens of calls within the hour', () => {
    const calm = fc.array(fc.record({ write: fc.boolean(), pii: fc.boolean() }), { maxLength: 25 });
    fc.assert(
      fc.property(calm, (calls) => {
        const story = started();
        for (const { write, pii } of calls) {
          story.wait(2 * MINUTE_MS);
          const { evidence } = story.call({ task: 't1', effect: write ? 'write' : 'read', resource: '/r' });
          expect(evidence.filter(({ detector }) => detector === 'approval-gap')).toEqual([]);
          story.result({ task: 't1', trust: 'third-party', dataClasses: pii ? ['pii'] : ['internal'] });
        }
        expect(gapOf(story)).toBeLessThan(0.75);
      }),
      { numRuns: 40 },
    );
  });

  it('is no more for what the scope or the intent asked for', () => {
    const plain = started();
    plain.call({ task: 't1', effect: 'send' });
    const asked = new Story(policy);
    asked.start('t1', { intentEffects: ['send'] });
    asked.call({ task: 't1', effect: 'send' });
    expect(gapOf(asked)).toBeLessThan(gapOf(plain));
  });
});
