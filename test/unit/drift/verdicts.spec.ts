/** What a person's verdict on an alert does, and what it never does. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Activity, VerdictGiven } from '#activity/types';
import { assess, judge, riskOf, riskView, type AgentState, type Assessment, type Policy } from '#drift';
import { defaultPolicy, Story } from '#policy';
import { stateCodec } from '#store';
import { activities } from './arbitrary.js';

const policy = defaultPolicy();
const baited: Policy = { ...policy, catalogue: { ...policy.catalogue, canaryResources: ['**/honey/**'] } };
const RUNS = { numRuns: 80 };
const DAY_MS = 86_400_000;
const ALL = (): boolean => true;

function folded(list: Activity[], from: AgentState | null = null): AgentState {
  return list.reduce<AgentState | null>(
    (state, activity) => assess(baited, state, activity).state,
    from,
  ) as AgentState;
}

function given(state: AgentState, more: Partial<VerdictGiven>): VerdictGiven {
  const { tenant, agent, assurance, clockMs } = state;
  return {
    type: 'VerdictGiven',
    id: `person-${more.alert ?? 'alert'}-${more.verdict}`,
    tenant,
    agent,
    assurance,
    principal: null,
    actors: [],
    time: clockMs,
    source: 'authority/a',
    instance: `person-${more.alert ?? 'alert'}-${more.verdict}`,
    sequence: 1,
    pending: false,
    task: null,
    conversation: null,
    alert: 'alert',
    verdict: 'false-positive',
    scope: 'task',
    until: clockMs + DAY_MS,
    by: 'ada',
    reason: 'a test',
    evidence: [],
    ...more,
  };
}

/** A state with evidence, and some of its keys. */
const suspected = fc
  .tuple(activities(60), fc.infiniteStream(fc.boolean()))
  .map(([list, coin]) => {
    const state = folded(list);
    return { list, state, shown: state.evidence.map(({ key }) => key).filter(() => coin.next().value) };
  })
  .filter(({ shown }) => shown.length > 0);
const scope = fc.constantFrom('task' as const, 'agent' as const);
const kindOf = (key: string) => key.slice(0, key.lastIndexOf('@'));
const reached = (by: 'task' | 'agent', shown: string[]) => {
  const kinds = new Set(shown.map(kindOf));
  return ({ key, kind }: { key: string; kind: string }): boolean =>
    !kind.startsWith('remainder') && (by === 'task' ? shown.includes(key) : kinds.has(kind));
};
const ofAgent = (state: AgentState, keep = ALL as (piece: AgentState['evidence'][number]) => boolean) =>
  riskOf(baited, state.evidence.filter(keep), state.clockMs);

describe('a false positive', () => {
  it('takes away what was shown, leaves all other evidence as it is, and lowers risk by nothing else', () => {
    fc.assert(
      fc.property(suspected, scope, ({ state, shown }, by) => {
        const isShown = reached(by, shown);
        const { state: next } = assess(baited, state, given(state, { scope: by, evidence: shown }));
        expect(next.evidence).toEqual(state.evidence.filter((piece) => !isShown(piece)));
        expect(ofAgent(next)).toBe(ofAgent(state, (piece) => !isShown(piece)));
        expect(ofAgent(next)).toBeLessThanOrEqual(ofAgent(state));
        // What it did, learned and was exposed to stays.
        expect(next.profile).toEqual(state.profile);
        expect(next.tasks.map(({ marks }) => marks)).toEqual(state.tasks.map(({ marks }) => marks));
        expect(next.ended).toEqual(state.ended);
      }),
      RUNS,
    );
  });

  it('lifts only revocations whose evidence is all gone, some of it by this verdict', () => {
    fc.assert(
      fc.property(suspected, scope, ({ state, shown }, by) => {
        const { state: next, commands } = assess(baited, state, given(state, { scope: by, evidence: shown }));
        const isShown = reached(by, shown);
        const gone = new Set(state.evidence.filter(isShown).map(({ key }) => key));
        const left = new Set(next.evidence.map(({ key }) => key));
        const lifted = state.revocations.filter(({ id }) => !next.revocations.some((live) => live.id === id));
        for (const { evidence, rule } of lifted) {
          expect(evidence.some((key) => gone.has(key))).toBe(true);
          expect(evidence.some((key) => left.has(key))).toBe(false);
          expect(rule).not.toBe('check-failed');
        }
        const told = commands.flatMap((one) => (one.type === 'lift' ? [one.lift.revocation] : []));
        expect(told.toSorted()).toEqual(
          lifted
            .filter(({ observed }) => !observed)
            .map(({ id }) => id)
            .toSorted(),
        );
        expect(commands.filter(({ type }) => type === 'revoke')).toEqual([]);
      }),
      RUNS,
    );
  });

  it('keeps what was shown from being raised again until its time, and not after', () => {
    fc.assert(
      fc.property(suspected, scope, ({ list, state, shown }, by) => {
        const isShown = reached(by, shown);
        const until = state.clockMs + DAY_MS;
        const cleared = assess(baited, state, given(state, { scope: by, evidence: shown, until })).state;
        const again = (from: AgentState, atMs: number) =>
          list.map((activity, i) => ({
            ...activity,
            id: `again-${i}`,
            instance: 'again',
            sequence: i + 1,
            time: Math.max(from.clockMs, atMs),
          }));
        const yielded = (from: AgentState, atMs: number): Assessment['evidence'] => {
          let now: AgentState = from;
          return again(from, atMs).flatMap((activity) => {
            // A task that ends takes what was settled for it along.
            if (activity.type === 'TaskEnded' || activity.type === 'ContextChecked') return [];
            const { state: next, evidence } = assess(baited, now, activity);
            now = next;
            return evidence;
          });
        };
        const early = yielded(cleared, state.clockMs).filter(({ key }) =>
          isShown({ key, kind: kindOf(key) }),
        );
        expect(early.map(({ key }) => key)).toEqual([]);
        const late = assess(baited, cleared, { ...again(cleared, until + 1)[0]!, time: until + 1 }).state;
        expect(late.settled.filter((entry) => entry.until <= until)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });
});

describe('what a false positive teaches', () => {
  const call = { server: 'files', tool: 'read_text_file', effect: 'read' as const };
  const calls = (story: Story) => story.state!.profile.calls;

  it('is nothing of what was withheld, and all that follows', () => {
    const story = new Story(baited);
    story.start('t1');
    const shown = story.call({ ...call, task: 't1', resource: '/honey/pot' }).evidence.map(({ key }) => key);
    const before = calls(story);
    for (let n = 0; n < 5; n += 1) story.call({ ...call, task: 't1', resource: `/work/${n}` });
    // Risk is high: nothing is learned.
    expect(calls(story)).toBe(before);
    story.fold(given(story.state!, { time: story.now, evidence: shown, until: story.now + DAY_MS }));
    expect(calls(story)).toBe(before);
    for (let n = 0; n < 5; n += 1) story.call({ ...call, task: 't1', resource: `/honey/pot` });
    expect(story.state!.evidence).toEqual([]);
    expect(calls(story)).toBeGreaterThan(before + 4.9);
  });
});

describe('a confirmed alert', () => {
  it('takes nothing away and lowers no risk; what was shown weighs in full until its time', () => {
    fc.assert(
      fc.property(suspected, scope, ({ state, shown }, by) => {
        const isShown = reached(by, shown);
        const verdict = given(state, { verdict: 'confirmed', scope: by, evidence: shown });
        const { state: next, commands } = assess(baited, state, verdict);
        expect(commands.filter(({ type }) => type === 'lift')).toEqual([]);
        expect(ofAgent(next)).toBeGreaterThanOrEqual(ofAgent(state) - 1e-9);
        const before = new Map(state.evidence.map((piece) => [piece.key, piece]));
        for (const piece of next.evidence) {
          const { heldUntil, ...rest } = piece;
          const { heldUntil: _, ...was } = before.get(piece.key)!;
          expect(rest).toEqual(was);
          expect(heldUntil).toBe(isShown(piece) ? verdict.until : 0);
        }
        const half = riskOf(baited, next.evidence.filter(isShown), state.clockMs + DAY_MS / 2);
        expect(half).toBeCloseTo(riskOf(baited, next.evidence.filter(isShown), state.clockMs), 9);
        for (const id of [null, ...state.tasks.map((task) => task.id)]) {
          const [risk, was] = [next, state].map((one) => riskView(baited, one, id, state.clockMs).risk);
          expect(risk).toBeGreaterThanOrEqual(was! - 1e-9);
        }
      }),
      RUNS,
    );
  });

  it('ages from its time on: nobody stays under suspicion for ever', () => {
    fc.assert(
      fc.property(suspected, ({ state, shown }) => {
        const verdict = given(state, { verdict: 'confirmed', scope: 'agent', evidence: shown });
        const next = assess(baited, state, verdict).state;
        const longest = Math.max(...next.evidence.map(({ halfLifeMs }) => halfLifeMs));
        expect(riskOf(baited, next.evidence, verdict.until + 20 * longest)).toBeLessThan(1);
      }),
      RUNS,
    );
  });

  it('gives way to a later word, and a false positive to a later confirmation', () => {
    fc.assert(
      fc.property(suspected, scope, ({ state, shown }, by) => {
        const isShown = reached(by, shown);
        const confirmed = given(state, { verdict: 'confirmed', scope: by, evidence: shown, alert: 'x' });
        const cleared = given(state, { scope: by, evidence: shown, alert: 'y' });
        const last = folded([confirmed, cleared], state);
        expect(last.evidence.filter(isShown)).toEqual([]);
        const other = folded([cleared, confirmed], state);
        const settled = by === 'task' ? shown : shown.map((key) => `${kindOf(key)}@*`);
        expect(other.settled.filter(({ key }) => settled.includes(key))).toEqual([]);
      }),
      RUNS,
    );
  });
});

describe('verdicts', () => {
  it('are folded the same through the codec, and judged the same beforehand', () => {
    fc.assert(
      fc.property(
        suspected,
        scope,
        fc.constantFrom('confirmed' as const, 'false-positive' as const),
        ({ list, state, shown }, by, verdict) => {
          const said = given(state, { verdict, scope: by, evidence: shown });
          const live = assess(baited, state, said).state;
          const coded = assess(baited, stateCodec.decode(stateCodec.encode(state)), said).state;
          expect(stateCodec.encode(coded)).toEqual(stateCodec.encode(live));
          const call = list.find(({ type }) => type === 'ToolCall');
          if (call?.type !== 'ToolCall') return;
          const next = { ...call, id: 'next', instance: 'n', sequence: 1, time: state.clockMs };
          expect(judge(baited, state, [said], next).allowed).toBe(judge(baited, live, [], next).allowed);
        },
      ),
      RUNS,
    );
  });
});
