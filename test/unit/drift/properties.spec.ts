/** What holds whatever an agent does. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Activity } from '#activity/types';
import {
  assess,
  judge,
  levelOf,
  riskOf,
  riskView,
  type AgentState,
  type Assessment,
  type LiveEvidence,
  type Policy,
} from '#drift';
import { defaultPolicy } from '#policy';
import { stateCodec } from '#store';
import { activities } from './arbitrary.js';
import { Story } from './story.js';

const policy = defaultPolicy();
const baited: Policy = { ...policy, catalogue: { ...policy.catalogue, canaryResources: ['**/honey/**'] } };
const RUNS = { numRuns: 60 };

function folded(list: Activity[], from: AgentState | null = null, by: Policy = baited): AgentState {
  return list.reduce<AgentState | null>(
    (state, activity) => assess(by, state, activity).state,
    from,
  ) as AgentState;
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}

function said({ risk, level, evidence, findings, commands }: Assessment) {
  return { risk, level, evidence, findings, commands };
}

describe('assess', () => {
  it('changes neither the state nor the activity it is given', () => {
    fc.assert(
      fc.property(activities(60), (list) => {
        let state: AgentState | null = null;
        for (const activity of list) state = frozen(assess(baited, state, frozen(activity)).state);
        expect(state?.clockMs).toBe(Math.max(...list.map(({ time }) => time)));
      }),
      RUNS,
    );
  });

  it('gives the same for the same', () => {
    fc.assert(
      fc.property(activities(60), (list) => {
        const [head, last] = [list.slice(0, -1), list.at(-1) as Activity];
        const state = head.length === 0 ? null : folded(head);
        expect(assess(baited, state, last)).toEqual(
          assess(baited, structuredClone(state), structuredClone(last)),
        );
      }),
      RUNS,
    );
  });

  it('folds a state that went through its codec to the very same bytes', () => {
    fc.assert(
      fc.property(activities(60), (list) => {
        let plain: AgentState | null = null;
        let coded: AgentState | null = null;
        for (const activity of list) {
          plain = assess(baited, plain, activity).state;
          coded = stateCodec.decode(stateCodec.encode(assess(baited, coded, activity).state));
        }
        expect(stateCodec.encode(coded as AgentState)).toEqual(stateCodec.encode(plain as AgentState));
      }),
      RUNS,
    );
  });

  it('takes a prefix played twice as played once', () => {
    fc.assert(
      fc.property(activities(40), fc.nat(), (list, at) => {
        const once = folded(list);
        const again = list.slice(0, at % (list.length + 1));
        for (const activity of again)
          expect(assess(baited, once, activity)).toMatchObject({
            duplicate: true,
            commands: [],
            evidence: [],
          });
        expect(folded(again, once)).toEqual(once);
      }),
      RUNS,
    );
  });

  it('says the same beforehand as afterwards', () => {
    fc.assert(
      fc.property(activities(40), (list) => {
        const calls = list.map((activity) =>
          activity.type === 'ToolCall'
            ? { ...activity, decision: 'allowed' as const, basis: 'assessed' as const }
            : activity,
        );
        let state: AgentState | null = null;
        for (const activity of calls) {
          const after = assess(baited, state, activity);
          const before = activity.type === 'ToolCall' ? judge(baited, state, [], activity).assessment : after;
          expect(said(before)).toEqual(said(after));
          state = after.state;
        }
      }),
      RUNS,
    );
  });

  it('judges with pending calls as if they had been folded', () => {
    fc.assert(
      fc.property(activities(30), fc.nat(), (list, cut) => {
        const story = new Story(baited);
        const at = cut % (list.length + 1);
        const pending = list.slice(at).map((activity) => ({ ...activity, sequence: 0, pending: true }));
        const time = Math.max(...list.map((activity) => activity.time));
        const call = { ...story.aCall({ effect: 'send', tool: 'send_email' }), time, sequence: 0 };
        const head = at === 0 ? null : folded(list.slice(0, at));
        const verdict = judge(baited, head, pending, call);
        const late = judge(baited, pending.length === 0 ? head : folded(pending, head), [], call);
        expect({ ...verdict, assessment: null }).toEqual({ ...late, assessment: null });
      }),
      RUNS,
    );
  });

  it('never lets a refused call into profile, marks or lineage', () => {
    fc.assert(
      fc.property(activities(30), (list) => {
        const before = folded(list);
        const story = new Story(baited);
        const refused = {
          ...story.aCall({ effect: 'delete', decision: 'refused', basis: 'assessed' }),
          time: before.clockMs,
          sequence: 0,
        };
        const after = assess(baited, before, refused).state;
        expect(after.profile).toEqual(before.profile);
        expect(after.rate).toEqual(before.rate);
        const kept = (state: AgentState) =>
          state.tasks.map(({ id, marks, lastEffect, calls }) => ({ id, marks, lastEffect, calls }));
        for (const task of kept(before)) expect(kept(after)).toContainEqual(task);
      }),
      RUNS,
    );
  });
});

describe('recovery', () => {
  it('brings any risk back to normal in bounded time without new evidence', () => {
    fc.assert(
      fc.property(activities(60), (list) => {
        const state = folded(list);
        // Ten half-lives of the slowest detector take any weight below anything that shows.
        const slowest = Math.max(...Object.values(policy.detectors).map(({ halfLifeMs }) => halfLifeMs));
        const later = riskView(baited, state, null, state.clockMs + 10 * slowest);
        expect(later.level).toBe('normal');
        for (const { id } of state.tasks) {
          expect(riskView(baited, state, id, state.clockMs + 10 * slowest).level).toBe('normal');
        }
      }),
      RUNS,
    );
  });

  it('lets every automatic revocation end', () => {
    fc.assert(
      fc.property(activities(60), (list) => {
        let state: AgentState | null = null;
        for (const activity of list) {
          const { state: next, commands } = assess(baited, state, activity);
          state = next;
          for (const command of commands) {
            if (command.type !== 'revoke') continue;
            expect(command.revocation.until).toBeGreaterThan(command.revocation.issuedAt);
          }
        }
      }),
      RUNS,
    );
  });

  it('keeps noise of any one kind below critical, however long and in however many tasks', () => {
    for (const detector of ['scope', 'escalation', 'data-class', 'afterlife', 'refusals']) {
      fc.assert(
        fc.property(activities(80), (list) => {
          const only = { ...baited, detectors: { [detector]: baited.detectors[detector]! } };
          let state: AgentState | null = null;
          for (const activity of list) {
            const assessment = assess(only, state, activity);
            state = assessment.state;
            expect(assessment.risk).toBeLessThan(policy.levels.critical);
            expect(riskView(only, state, null, state.clockMs).risk).toBeLessThan(policy.levels.critical);
          }
        }),
        { numRuns: 40 },
      );
    }
  });

  it('does not let being refused lead to being refused more', () => {
    const story = new Story(policy);
    story.result({ dataClasses: ['credential'] });
    story.call({ effect: 'send', destination: { place: 'external', print: '00000000000000aa' } });
    for (let i = 0; i < 500; i++) story.call({ effect: 'write', decision: 'refused', basis: 'revocation' });
    const revoked = story.commands.flatMap((command) =>
      command.type === 'revoke' ? [command.revocation.response] : [],
    );
    expect(revoked).toEqual(['context-check']);
    expect(story.last?.level).not.toBe('critical');
  });

  it('counts the same evidence once, however often it comes', () => {
    const { rate, 'approval-gap': gap } = policy.detectors;
    const off = {
      rate: { ...rate!, mode: 'off' as const },
      'approval-gap': { ...gap!, mode: 'off' as const },
    };
    // That it goes round and round, and on and on, is evidence of its own.
    const story = new Story({
      ...policy,
      detectors: { ...policy.detectors, ...off },
    });
    story.start('t1', {
      task: 't1',
      scope: {
        tools: [],
        effects: null,
        resources: null,
        destinations: null,
        dataClasses: null,
        estimated: false,
      },
    });
    const first = story.call({ task: 't1', effect: 'write' }).risk;
    for (let i = 0; i < 200; i++) expect(story.call({ task: 't1', effect: 'write' }).risk).toBe(first);
  });

  it('lets activity never lower the risk of its task beyond decay, unless somebody checked or lifted', () => {
    fc.assert(
      fc.property(activities(60), (list) => {
        let state: AgentState | null = null;
        for (const activity of list.filter(({ type }) => type !== 'ContextChecked')) {
          const before = state;
          state = assess(baited, state, activity).state;
          if (before === null || state.clockMs - before.clockMs > policy.idleMs) continue;
          for (const { id } of before.tasks) {
            const decayed = riskView(baited, before, id, state.clockMs).risk;
            expect(riskView(baited, state, id, state.clockMs).risk).toBeGreaterThanOrEqual(decayed - 0.2);
          }
        }
      }),
      RUNS,
    );
  });
});

describe('risk', () => {
  const piece = fc.record({
    detector: fc.constantFrom('scope', 'canary', 'data-class'),
    weight: fc.double({ min: 0.01, max: 0.9, noNaN: true }),
    age: fc.integer({ min: 0, max: 1e7 }),
  });
  const live = (pieces: { detector: string; weight: number; age: number }[]): LiveEvidence[] =>
    pieces.map(({ detector, weight, age }, i) => ({
      key: `${i}`,
      kind: `${i}`,
      detector,
      task: null,
      weight,
      time: 1e9 - age,
      halfLifeMs: 6e5,
      heldUntil: 0,
      explanation: '',
      cause: '',
      observed: false,
    }));

  it('is the formula of the design while no detector is at its ceiling', () => {
    const one = live([
      { detector: 'scope', weight: 0.5, age: 6e5 },
      { detector: 'canary', weight: 0.8, age: 0 },
    ]);
    expect(riskOf(policy, one, 1e9)).toBeCloseTo(100 * (1 - (1 - 0.25) * (1 - 0.8)), 10);
  });

  it('does not depend on the order of evidence', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        expect(riskOf(policy, live(pieces), 1e9)).toBeCloseTo(
          riskOf(policy, live(pieces.toReversed()), 1e9),
          9,
        );
      }),
    );
  });

  it('never falls by one more piece of evidence', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), piece, (pieces, more) => {
        expect(riskOf(policy, live([...pieces, more]), 1e9)).toBeGreaterThanOrEqual(
          riskOf(policy, live(pieces), 1e9) - 1e-9,
        );
      }),
    );
  });

  it('has a level at exactly its threshold', () => {
    expect(levelOf(policy.levels, policy.levels.high)).toBe('high');
    expect(levelOf(policy.levels, policy.levels.high - 1e-9)).toBe('elevated');
  });
});
