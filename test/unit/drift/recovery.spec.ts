/** Never a death spiral, never a laundry: what risk does over time, whatever happens, with every detector on. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Activity, ToolCall } from '#activity/types';
import { assess, DETECTORS, judge, riskView, type AgentState, type Policy } from '#drift';
import { stateCodec } from '#store';
import { EVERYTHING, unwatched, watched } from './rich-stories.js';
import { Story } from './story.js';

const WHO = { tenant: 'acme', agent: 'spiffe://acme.example/agent/x', assurance: 'verified' as const };
const RUNS = { numRuns: 150 };
const { levels, detectors } = EVERYTHING;
const SLOWEST_MS = Math.max(...Object.values(detectors).map(({ halfLifeMs }) => halfLifeMs));
/** Points of risk below which a piece of evidence says nothing any more, and is forgotten. */
const FAINT = 0.1;
/** After this many half-lives any weight is below anything that shows. */
const HALF_LIVES = 10;
/** The longest that a verdict of these stories holds. */
const HELD_MS = 2 * 3_600_000;

function folded(list: readonly Activity[], by: Policy = EVERYTHING, from: AgentState | null = null) {
  return list.reduce<AgentState | null>(
    (state, activity) => assess(by, state, activity).state,
    from,
  ) as AgentState;
}

function risksOf(state: AgentState, at = state.clockMs, by = EVERYTHING): Map<string | null, number> {
  const subjects = [null, ...state.tasks.map(({ id }) => id)];
  return new Map(subjects.map((task) => [task, riskView(by, state, task, at).risk]));
}

type Context = Pick<Activity, 'principal' | 'conversation' | 'actors' | 'instance' | 'source' | 'time'>;

/** What an agent does when it does nothing: it reads its own, public things. Numbered when it is folded. */
function harmless(after: Context, id: string, task: string | null): ToolCall {
  const { principal, conversation, actors, instance, source, time } = after;
  const what = { server: 'files', tool: 'list_directory', dataClasses: ['public'], argumentsBytes: 10 };
  const { agent, tenant, assurance } = WHO;
  const who = { agent, tenant, assurance, principal, conversation, actors, instance, source };
  return { ...new Story(EVERYTHING).aCall(what), ...who, id, task, time };
}

function singleLabels(list: Activity[]): Activity[] {
  return list.map((one) =>
    'dataClasses' in one ? { ...one, dataClasses: one.dataClasses.slice(0, 1) } : one,
  );
}

/** The story with such calls in between where nothing is held against them; the calls that were let in are counted. */
function padded(list: readonly Activity[], places: readonly number[]): { state: AgentState; calls: number } {
  const sequences = new Map<string, number>();
  let state: AgentState | null = null;
  let calls = 0;
  const fold = (activity: Activity, isOwn: boolean): void => {
    const sequence = (sequences.get(activity.instance) ?? 0) + 1;
    const next = assess(EVERYTHING, state, { ...activity, sequence });
    if (!isOwn && next.evidence.length > 0) return;
    if (!isOwn) calls += 1;
    sequences.set(activity.instance, sequence);
    state = next.state;
  };
  list.forEach((activity, index) => {
    fold(activity, true);
    const isOpen = state!.tasks.some(({ id, implicit }) => id === activity.task && !implicit);
    for (let n = 0; n < (places[index] ?? 0); n++) {
      fold(harmless(activity, `harmless-${index}-${n}`, isOpen ? activity.task : null), false);
    }
  });
  return { state: state as unknown as AgentState, calls };
}

describe('recovery', () => {
  it('risk returns to normal in bounded time from any state, and a quiet call is allowed again', () => {
    fc.assert(
      fc.property(watched(60), (list) => {
        const state = folded(list);
        const later = state.clockMs + HELD_MS + HALF_LIVES * SLOWEST_MS;
        for (const risk of risksOf(state, later).values()) expect(risk).toBeLessThan(levels.elevated);
        const last = list.at(-1) as Activity;
        const call = harmless({ ...last, time: later }, 'quiet', null);
        const { allowed, assessment } = judge(EVERYTHING, state, [], call);
        // What is new to the agent by then is evidence of its own.
        expect(assessment.evidence.length > 0 || assessment.state.level === 'normal').toBe(true);
        expect(allowed).toBe(true);
      }),
      RUNS,
    );
  });

  it('every piece of evidence decays, and what is remembered of it is bounded', () => {
    fc.assert(
      fc.property(watched(60), (list) => {
        const state = folded(list);
        for (const { halfLifeMs, weight, heldUntil } of state.evidence) {
          expect(halfLifeMs).toBeGreaterThan(0);
          expect(halfLifeMs).toBeLessThanOrEqual(SLOWEST_MS);
          expect(weight).toBeLessThan(1);
          expect(heldUntil).toBeLessThanOrEqual(state.clockMs + HELD_MS);
        }
        expect(stateCodec.encode(state).length).toBeLessThanOrEqual(32 * 1024);
      }),
      RUNS,
    );
  });
});

describe('noise of one kind', () => {
  /** A bait and a rule that somebody wrote down are no noise. */
  const MAY = new Set(['canary', 'sequence']);
  const names = DETECTORS.map(({ name }) => name).filter((name) => !MAY.has(name));

  it.each(names)('%s alone never reaches critical', (name) => {
    // The others still remember, for some of what one sees rests on what another kept; they count for nothing.
    const quiet = Object.entries(detectors).map(([other, settings]) => [
      other,
      other === name ? settings : { ...settings, ceiling: 0 },
    ]);
    const only: Policy = { ...EVERYTHING, detectors: Object.fromEntries(quiet) };
    fc.assert(
      fc.property(unwatched(80), (list) => {
        let state: AgentState | null = null;
        for (const activity of list) {
          const assessment = assess(only, state, activity);
          state = assessment.state;
          expect(assessment.risk).toBeLessThan(levels.critical);
          for (const risk of risksOf(state, state.clockMs, only).values()) {
            expect(risk).toBeLessThan(levels.critical);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('nothing is washed away', () => {
  it('activity never lowers any risk beyond decay, unless somebody with a name looked', () => {
    fc.assert(
      fc.property(unwatched(70), (list) => {
        let state: AgentState | null = null;
        for (const activity of list) {
          const before = state;
          state = assess(EVERYTHING, state, activity).state;
          if (before === null) continue;
          const after = risksOf(state);
          for (const [task, risk] of risksOf(before, state.clockMs)) {
            expect(after.get(task) ?? Infinity).toBeGreaterThanOrEqual(risk - FAINT * before.evidence.length);
          }
        }
      }),
      RUNS,
    );
  });

  it('harmless calls in between lower nothing, now or later', () => {
    let calls = 0;
    fc.assert(
      // Within seconds, so that what decays meanwhile is next to nothing; with one label each, as of several on the
      // same data the one that says most speaks, and which that is may change.
      fc.property(
        unwatched(50, 200).map(singleLabels),
        fc.array(fc.nat({ max: 3 }), { maxLength: 50 }),
        (list, places) => {
          const plain = folded(list);
          const other = padded(list, places);
          calls += other.calls;
          const risks = risksOf(other.state, plain.clockMs);
          for (const [task, risk] of risksOf(plain)) {
            expect(risks.get(task) ?? Infinity).toBeGreaterThanOrEqual(risk - 1);
          }
        },
      ),
      RUNS,
    );
    expect(calls).toBeGreaterThan(RUNS.numRuns);
  });
});
