import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ActivityBase } from '#activity/types';
import { LIMITS } from './limits.js';
import { track } from './sequence.js';
import type { InstanceWindow } from './state.js';

const seen = (instance: string, sequence: number) => ({ instance, sequence }) as ActivityBase;

function play(numbers: number[], instance = 'a') {
  let instances: InstanceWindow[] = [];
  return numbers.map((sequence) => {
    const tracked = track(instances, seen(instance, sequence));
    instances = tracked.instances;
    return tracked;
  });
}

describe('track', () => {
  it('drops a retry exactly', () => {
    expect(play([1, 2, 2, 1, 3]).map(({ duplicate }) => duplicate)).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('counts what is missing once, and takes it when it comes late', () => {
    const tracked = play([1, 5, 3, 3, 2, 4, 6]);
    expect(tracked.map(({ gap }) => gap)).toEqual([0, 3, 0, 0, 0, 0, 0]);
    expect(tracked.map(({ duplicate }) => duplicate)).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      false,
    ]);
    expect(tracked.at(-1)?.instances).toEqual([{ instance: 'a', highest: 6, missing: [] }]);
  });

  it('sees that the first one is missing', () => expect(play([3])[0]?.gap).toBe(2));

  it('does not track what is not on the log yet', () => {
    expect(track([], seen('a', 0))).toEqual({ instances: [], duplicate: false, gap: 0 });
  });

  it('folds every number once, in whatever order and however often they come, while few are missing', () => {
    const shuffled = fc
      .array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 120 })
      .map((numbers) => [...numbers, ...numbers]);
    fc.assert(
      fc.property(shuffled, (numbers) => {
        const folded = numbers.filter((_, i) => !play(numbers.slice(0, i + 1)).at(-1)?.duplicate);
        expect(folded).toEqual([...new Set(numbers)]);
      }),
      { numRuns: 30 },
    );
  });

  it('keeps a bounded number of ranges and instances, the latest', () => {
    const sparse = play(Array.from({ length: 100 }, (_, i) => 1 + 2 * i));
    expect(sparse.at(-1)?.instances[0]?.missing).toHaveLength(LIMITS.missingRanges);
    let instances: InstanceWindow[] = [];
    for (let i = 0; i < 40; i++) instances = track(instances, seen(`i${i}`, 1)).instances;
    expect(instances.map(({ instance }) => instance)).toEqual(
      Array.from({ length: LIMITS.instances }, (_, i) => `i${40 - LIMITS.instances + i}`),
    );
  });
});
