import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Value } from '#activity/types';
import { LIMITS } from './limits.js';
import {
  addEntries,
  addFlight,
  addIntent,
  copyOfLineage,
  originIn,
  sizeOf,
  leftBehind,
  takeFlight,
  withinBounds,
  type Lineage,
} from './lineage.js';
import {
  entryOf,
  isTainted,
  restOf,
  VOUCHER,
  keyOf,
  knownOf,
  merged,
  ordered,
  packed,
  together,
  unpacked,
  type Origin,
} from './origin.js';
import { emptyState, newTask } from './state.js';

const origin = fc.record<Origin>({
  level: fc.integer({ min: 0, max: 3 }),
  voucher: fc.constantFrom(0, 1, 2),
  imperative: fc.boolean(),
  line: fc.boolean(),
  foreign: fc.boolean(),
  asked: fc.boolean(),
  strong: fc.boolean(),
  source: fc.integer({ min: 0, max: 15 }),
});
const print = fc.integer({ min: 0, max: 400 }).map((n) => (n * 2_654_435_761).toString(16).padStart(16, '0'));
const entry = fc.tuple(print, origin).map(([text, one]) => keyOf(text) + packed(one));
const entries = (maxLength: number) => fc.array(entry, { maxLength });

describe('origins', () => {
  it('keep what is known of them', () => {
    fc.assert(
      fc.property(print, origin, (text, one) => {
        expect(unpacked(keyOf(text) + packed(one))).toEqual(one);
      }),
    );
  });

  it('of one value come together in any order, and never at more than the least level', () => {
    fc.assert(
      fc.property(print, origin, origin, origin, (text, ...three) => {
        const [a, b, c] = three.map((one) => keyOf(text) + packed(one)) as [number, number, number];
        expect(together(together(a, b), c)).toBe(together(a, together(c, b)));
        const { level, asked } = unpacked(together(a, b));
        expect(level).toBe(Math.min(three[0]!.level, three[1]!.level));
        expect(asked).toBe(three[0]!.asked || three[1]!.asked);
      }),
    );
  });

  it('are found in ordered lists, each print once, however the lists were merged', () => {
    fc.assert(
      fc.property(entries(60), entries(60), (a, b) => {
        const all = merged(ordered(a), ordered(b));
        expect(all).toEqual(ordered([...a, ...b]));
        for (const one of [...a, ...b]) expect(entryOf(all, one - knownOf(one))).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});

function full(batches: number[][]): Lineage {
  const state = emptyState();
  const task = { ...newTask('t1', 0), lineage: copyOfLineage(null) };
  state.tasks = [task];
  for (const batch of batches) {
    task.lineage = copyOfLineage(task.lineage);
    addEntries(task.lineage, ordered(batch));
    withinBounds(state, task);
  }
  return task.lineage;
}

describe('a lineage', () => {
  it('stays within its bound, and what had to go counts at least as much as it did', () => {
    const wide = fc.integer({ min: 0, max: 1e9 }).map((n) => n.toString(16).padStart(16, '0'));
    const many = fc.array(
      fc.array(
        fc.tuple(wide, origin).map(([text, one]) => keyOf(text) + packed({ ...one, strong: true })),
        {
          minLength: 100,
          maxLength: 200,
        },
      ),
      { minLength: 3, maxLength: 6 },
    );
    fc.assert(
      fc.property(many, (batches) => {
        const lineage = full(batches);
        expect(sizeOf(lineage)).toBeLessThanOrEqual(LIMITS.lineage);
        // What spoke against the agent is kept, or lost, and then what is lost is at least as bad.
        const gone = ordered(batches.flat()).filter(
          (one) => isTainted(one) && originIn(lineage, one - knownOf(one)) < 0,
        );
        expect(gone.filter((one) => lineage.lost < knownOf(one))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });

  it('shrinks when more tasks are open: all of them together stay within the bound of the agent', () => {
    const state = emptyState();
    for (let i = 0; i < 24; i++) {
      const task = { ...newTask(`t${i}`, 0), lineage: copyOfLineage(null) };
      state.tasks = [...state.tasks, task];
      addEntries(task.lineage, ordered(Array.from({ length: 300 }, (_, n) => (i * 300 + n) * 2 ** 13)));
      withinBounds(state, task);
    }
    const all = state.tasks.reduce((sum, { lineage }) => sum + sizeOf(lineage!), 0);
    expect(all).toBeLessThanOrEqual(LIMITS.lineageOfAgent);
  });

  it('passes what a call was given to its result, whichever comes first of several', () => {
    const lineage = copyOfLineage(null);
    const taint = packed({ ...unpacked(0), level: 2 });
    addFlight(lineage, 'a', { taint, named: false, acts: false });
    addFlight(lineage, 'b', { taint: 0, named: true, acts: true });
    expect(takeFlight(lineage, 'b')).toMatchObject({ taint: 0, named: true, acts: true });
    expect(takeFlight(lineage, 'a')).toMatchObject({ taint });
    expect(lineage.flights).toEqual([]);
  });

  it('takes a result whose call had to go for the worst that went', () => {
    const lineage = copyOfLineage(null);
    const taint = packed({ ...unpacked(0), level: 1, imperative: true });
    for (let i = 0; i <= LIMITS.flights; i++)
      addFlight(lineage, `c${i}`, { taint, named: false, acts: false });
    expect(lineage.flights.length).toBe(LIMITS.flights);
    expect(takeFlight(lineage, 'c0').taint).toBe(taint);
  });

  it('knows the intent best, but not that nobody asked', () => {
    const value: Value = {
      kind: 'email',
      print: '00000000000000a1',
      standing: 'intent',
      at: '',
      imperative: false,
      author: null,
    };
    const lineage = copyOfLineage(null);
    addIntent(lineage, [value], [], false);
    addEntries(lineage, [keyOf(value.print) + packed({ ...unpacked(0), level: 1, voucher: 0, asked: true })]);
    expect(unpacked(originIn(lineage, keyOf(value.print)))).toMatchObject({
      level: 0,
      voucher: 2,
      asked: true,
    });
  });

  it('leaves to the next task no more than its bound, and what had to go as one entry that is as bad', () => {
    const tainted = (print: number, imperative: boolean) =>
      keyOf(print.toString(16).padStart(16, '0')) +
      packed({
        level: 1,
        voucher: VOUCHER.nobody,
        imperative,
        line: false,
        foreign: true,
        asked: false,
        strong: true,
        source: 0,
      });
    const flood = ordered(Array.from({ length: 200 }, (_, n) => tainted((n + 1) * 2 ** 40, true)));
    const left = leftBehind([flood]);
    expect(left).toHaveLength(LIMITS.lineagePassed);
    expect(restOf(left)).toBeGreaterThanOrEqual(knownOf(flood[0]!));
    expect(leftBehind([left, ordered([tainted(7 * 2 ** 41 + 2 ** 40, false)])])).toHaveLength(
      LIMITS.lineagePassed,
    );
    expect(restOf(leftBehind([left]))).toBe(restOf(left));
    expect(restOf(leftBehind([flood.slice(0, 3)]))).toBe(0);
  });
});
