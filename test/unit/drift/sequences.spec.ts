/** What holds of sequence rules, whatever an agent does: held against a matcher that tries everything and forgets nothing. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolCall } from '#activity/types';
import {
  assess,
  emptyState,
  SEQUENCE_LIMITS,
  type AgentState,
  type Policy,
  type SequenceRule,
  type SequenceStep,
} from '#drift';
import { defaultPolicy } from '#policy';
import { stateCodec } from '#store';
import { Story } from './story.js';

const SECOND_MS = 1_000;
const { sequence } = defaultPolicy().detectors;

function policyWith(...sequences: SequenceRule[]): Policy {
  return { ...defaultPolicy(), detectors: { sequence: sequence! }, sequences };
}

function aStep(fields: Partial<SequenceStep>): SequenceStep {
  return {
    id: 'step',
    activity: 'call',
    absent: false,
    times: 1,
    withinMs: null,
    effects: null,
    servers: null,
    tools: null,
    resources: null,
    places: null,
    dataClasses: null,
    trusts: null,
    outcomes: null,
    records: null,
    bytes: null,
    facts: [],
    time: null,
    sameValue: null,
    ...fields,
  };
}

function aRule(steps: Partial<SequenceStep>[], fields: Partial<SequenceRule> = {}): SequenceRule {
  return {
    id: 'rule',
    title: 'It happened',
    of: 'agent',
    withinMs: 20 * SECOND_MS,
    steps: steps.map((step, at) => aStep({ id: `s${at}`, ...step })),
    weight: 0.5,
    halfLifeMs: null,
    mode: 'enforce',
    tags: null,
    owner: null,
    ...fields,
  };
}

/** One call, as far as rules look at it here. */
interface Event {
  tool: string;
  /** Since the one before. */
  gapMs: number;
  values: string[];
}

const TOOLS = ['a', 'b', 'c', 'd'];
const VALUES = ['1', '2', '3'];
const event: fc.Arbitrary<Event> = fc.record({
  tool: fc.constantFrom(...TOOLS),
  gapMs: fc.constantFrom(0, 1, 3, 7, 15).map((seconds) => seconds * SECOND_MS),
  values: fc.subarray(VALUES, { maxLength: 2 }),
});
const events = fc.array(event, { minLength: 12, maxLength: 40, size: 'max' });

const tools = fc.subarray(TOOLS, { minLength: 1, maxLength: 3 });
const happens = fc.record({ tools, times: fc.constantFrom(1, 1, 1, 2, 3) });
const absence = fc.option(tools, { nil: null, freq: 1 });

/** Rules without values: up to four steps, some repeated, some with an absence before them, perhaps one at the end. */
const plainRule = fc
  .record({
    steps: fc.array(fc.tuple(absence, happens), { minLength: 2, maxLength: 4 }),
    ending: fc.option(fc.tuple(tools, fc.constantFrom(2, 8, 20)), { nil: null }),
    within: fc.constantFrom(10, 30, 60, 120),
  })
  .map(({ steps, ending, within }) =>
    aRule(
      [
        ...steps.flatMap(([before, step], at) => [
          ...(before === null || at === 0 ? [] : [{ tools: before, absent: true }]),
          step,
        ]),
        ...(ending === null ? [] : [{ tools: ending[0], absent: true, withinMs: ending[1] * SECOND_MS }]),
      ],
      { withinMs: within * SECOND_MS },
    ),
  );

/** Rules whose later steps share a value of an earlier one, which is not always the first. */
const joinedRule = fc
  .record({
    lead: fc.option(tools, { nil: null }),
    anchor: tools,
    absent: fc.option(fc.tuple(tools, fc.boolean()), { nil: null }),
    between: fc.option(tools, { nil: null }),
    joined: fc.array(tools, { minLength: 1, maxLength: 2 }),
    within: fc.constantFrom(10, 30, 60, 120),
  })
  .map(({ lead, anchor, absent, between, joined, within }) => {
    const sameValue = { step: 'anchor', kinds: ['id' as const] };
    return aRule(
      [
        ...(lead === null ? [] : [{ tools: lead }]),
        { tools: anchor, id: 'anchor' },
        ...(absent === null
          ? []
          : [{ tools: absent[0], absent: true, sameValue: absent[1] ? sameValue : null }]),
        ...(between === null ? [] : [{ tools: between }]),
        ...joined.map((tools) => ({ tools, sameValue })),
      ],
      { withinMs: within * SECOND_MS },
    );
  });

function asCall(story: Story, { tool, gapMs, values }: Event): ToolCall {
  story.wait(gapMs - 3_000);
  const of = values.map((value) => ({
    kind: 'id' as const,
    print: `${value.repeat(8)}00000000`,
    standing: 'argument' as const,
    at: '',
    imperative: false,
    author: null,
  }));
  return story.aCall({ tool, values: of });
}

/** Indexes of the events at which a rule matched. */
function matched(policy: Policy, list: Event[]): number[] {
  const story = new Story(policy);
  return list.flatMap((one, at) => {
    const { evidence } = story.fold(asCall(story, one));
    return evidence.some(({ detector }) => detector === 'sequence') ? [at] : [];
  });
}

/** Tries every way, and remembers every event. */
function reference(rule: SequenceRule, list: Event[]): number[] {
  const times = list.reduce<number[]>((all, { gapMs }) => [...all, (all.at(-1) ?? 0) + gapMs], []);
  const last = rule.steps.at(-1)!;
  const ending = last.absent ? last : null;
  const found: number[] = [];
  let waiting: number[] = [];
  list.forEach((one, at) => {
    const now = times[at]!;
    if (ending !== null && waiting.some((since) => now - since > ending.withinMs!)) {
      found.push(at);
      waiting = [];
    }
    if (ending !== null && ending.tools!.includes(one.tool)) waiting = [];
    if (!endsAt(rule, list, times, at)) return;
    if (ending === null) found.push(at);
    else waiting.push(now);
  });
  return found;
}

function endsAt(rule: SequenceRule, list: Event[], times: number[], at: number): boolean {
  const joins = rule.steps.some(({ sameValue }) => sameValue !== null);
  return (joins ? VALUES : ['']).some((value) => {
    const positions: { step: SequenceStep; before: SequenceStep[] }[] = [];
    let before: SequenceStep[] = [];
    for (const step of rule.steps) {
      if (step.absent) before.push(step);
      else {
        for (let i = 0; i < step.times; i++) positions.push({ step, before: i === 0 ? before : [] });
        before = [];
      }
    }
    const is = (step: SequenceStep, one: Event) =>
      step.tools!.includes(one.tool) &&
      ((step.sameValue === null && step.id !== 'anchor') || !joins || one.values.includes(value));
    const from = (position: number, index: number): boolean => {
      const { step, before: absent } = positions[position]!;
      if (!is(step, list[index]!)) return false;
      if (position === 0) return times[at]! - times[index]! <= rule.withinMs;
      for (let earlier = index - 1; earlier >= 0; earlier--) {
        if (from(position - 1, earlier)) return true;
        if (absent.some((one) => is(one, list[earlier]!))) return false;
      }
      return false;
    };
    return from(positions.length - 1, at);
  });
}

describe('sequence rules', () => {
  it('match exactly when a matcher that forgets nothing does', () => {
    let matches = 0;
    fc.assert(
      fc.property(plainRule, events, (rule, list) => {
        const found = matched(policyWith(rule), list);
        expect(found).toEqual(reference(rule, list));
        matches += found.length;
      }),
      { numRuns: 300 },
    );
    expect(matches).toBeGreaterThan(300);
  });

  it('match exactly so where steps share a value', () => {
    let matches = 0;
    fc.assert(
      fc.property(joinedRule, events, (rule, list) => {
        const found = matched(policyWith(rule), list);
        expect(found).toEqual(reference(rule, list));
        matches += found.length;
      }),
      { numRuns: 300 },
    );
    expect(matches).toBeGreaterThan(300);
  });

  it('match over hours within `within`, and not beyond it', () => {
    const steps = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(steps, (minutes) => {
        const all = minutes.reduce((sum, one) => sum + one, 0) * 60 * SECOND_MS;
        const list = minutes.map((gap, at) => ({
          tool: `t${at + 1}`,
          gapMs: gap * 60 * SECOND_MS,
          values: [],
        }));
        const split = [{ tool: 't0', gapMs: 0, values: [] }, ...list];
        const rule = (withinMs: number) =>
          policyWith(
            aRule(
              split.map(({ tool }) => ({ tools: [tool] })),
              { withinMs },
            ),
          );
        expect(matched(rule(all), split)).toEqual([split.length - 1]);
        expect(matched(rule(all - 1), split)).toEqual([]);
      }),
    );
  });

  it('are not hidden by anything between the steps', () => {
    const padding = fc.array(fc.record({ at: fc.nat(), times: fc.integer({ min: 1, max: 40 }) }), {
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.oneof(plainRule, joinedRule), events, padding, (rule, list, added) => {
        const padded: (Event & { own: number | null })[] = list.map((one, own) => ({ ...one, own }));
        for (const { at, times } of added) {
          const harmless = { tool: 'harmless', gapMs: 0, values: ['1', '2', '3', '4'], own: null };
          padded.splice(at % (padded.length + 1), 0, ...Array.from({ length: times }, () => harmless));
        }
        const found = matched(policyWith(rule), padded).map((at) => padded[at]!.own);
        const without = matched(policyWith(rule), list);
        const ending = rule.steps.at(-1)!.absent;
        // What must not be absent is missed a little earlier, at one of the activities added.
        expect(ending ? found.length >= without.length : found).toEqual(ending ? true : without);
      }),
      { numRuns: 300 },
    );
  });

  it('do not depend on the order in which they are written', () => {
    const rules = fc
      .array(fc.oneof(plainRule, joinedRule), { minLength: 2, maxLength: 6 })
      .map((all) => all.map((rule, at) => ({ ...rule, id: `rule-${at}` })));
    fc.assert(
      fc.property(rules, events, (all, list) => {
        const [one, other] = [new Story(policyWith(...all)), new Story(policyWith(...all.toReversed()))];
        for (const event of list) {
          const [a, b] = [one.fold(asCall(one, event)), other.fold(asCall(other, event))];
          expect(a.evidence).toEqual(b.evidence);
          expect(stateCodec.encode(a.state)).toEqual(stateCodec.encode(b.state));
        }
      }),
      { numRuns: 20 },
    );
  });

  it('say the same live, beforehand and replayed from stored states', () => {
    fc.assert(
      fc.property(fc.oneof(plainRule, joinedRule), events, (rule, list) => {
        const policy = policyWith(rule);
        const story = new Story(policy);
        let stored: AgentState | null = null;
        for (const one of list) {
          const call = asCall(story, one);
          const beforehand = story.judge({ ...call, sequence: 0 }).assessment;
          const live = story.fold(call);
          const replayed = assess(policy, stored, call);
          stored = stateCodec.decode(stateCodec.encode(replayed.state));
          expect(beforehand.evidence).toEqual(live.evidence);
          expect(replayed.evidence).toEqual(live.evidence);
        }
        expect(stateCodec.encode(stored!)).toEqual(stateCodec.encode(story.state!));
      }),
      { numRuns: 150 },
    );
  });

  it('take no more room however much happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(plainRule, joinedRule), { minLength: 1, maxLength: 8 }),
        events,
        (all, list) => {
          const policy = policyWith(
            ...all.map((rule, at) => ({ ...rule, id: `rule-${at}`, withinMs: 86_400_000 })),
          );
          const story = new Story(policy);
          const sizeAfter = (rounds: number) => {
            for (let i = 0; i < rounds; i++) for (const one of list) story.fold(asCall(story, one));
            return progressBytes(story.state!);
          };
          // By then every rule has come as far as these events bring it; whatever is kept per event would show.
          const before = sizeAfter(14);
          expect(sizeAfter(14)).toBeLessThanOrEqual(before + 8);
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('bounds of sequence rules', () => {
  it('keep the state small with as many rules, tasks, principals and values as there may be', () => {
    const sameValue = { step: 's0', kinds: ['id' as const] };
    const rules = Array.from({ length: SEQUENCE_LIMITS.rules }, (_, at) =>
      aRule([{}, {}, { sameValue }, { sameValue, tools: ['never'] }], {
        id: `rule-${at}`,
        of: (['task', 'agent', 'principal'] as const)[at % 3]!,
        withinMs: 86_400_000,
      }),
    );
    const story = new Story(policyWith(...rules));
    let most = 0;
    for (let i = 0; i < 400; i++) {
      const principal = `user-${i % 30}`;
      const task = `t1-${i % 14}`;
      if (i % 3 === 0) story.start(task, { principal, expiresAt: story.now + 86_400_000 });
      if (i % 29 === 0) story.end(`t1-${(i * 7) % 14}`);
      const values = Array.from({ length: 60 }, (_, at) => ({
        kind: 'id' as const,
        print: `${(i * 60 + at * 7919).toString(16).padStart(8, '0')}00000000`,
        standing: 'argument' as const,
        at: '',
        imperative: false,
        author: null,
      }));
      story.call({ principal, task: i % 2 ? task : null, values });
      most = Math.max(most, progressBytes(story.state!));
    }
    expect(most).toBeGreaterThan(2_000);
    expect(most).toBeLessThanOrEqual(7 * 1_024);
  });
});

/** Bytes that progress takes up in the state. */
function progressBytes({ sequences, tasks }: AgentState): number {
  const full = { ...emptyState(), sequences, tasks };
  const without = { ...full, sequences: [], tasks: tasks.map((one) => ({ ...one, sequences: [] })) };
  return stateCodec.encode(full).length - stateCodec.encode(without).length;
}
