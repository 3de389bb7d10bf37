import { describe, expect, it } from 'vitest';
import { countFor, hitsWithin, lowerBound, upperBound } from './binomial.js';
import { calibrate, levelsAround, thresholdFor, type JudgedTask } from './calibrate.js';

const LEVELS = { elevated: 25, high: 60, critical: 90, hysteresis: 8 };
const ALL = { tenant: null, role: null, kind: null };

/** Tasks whose risks are 0.1, 0.2 … of a hundred, evenly spread. */
function tasks(count: number, of: Partial<JudgedTask> = {}, scale = 50): JudgedTask[] {
  return Array.from({ length: count }, (_, i) => ({
    tenant: 'acme',
    role: null,
    kind: null,
    risk: (scale * (i + 1)) / count,
    ...of,
  }));
}

describe('bounds of a share', () => {
  it.each([
    // Published values: Clopper-Pearson, one-sided.
    [0, 100, 0.95, 0.02951],
    [1, 100, 0.95, 0.04656],
    [5, 50, 0.975, 0.21814],
    [0, 299, 0.95, 0.00997],
    [30, 3000, 0.975, 0.01424],
  ])('%i of %i at %d: at most %d', (hits, count, confidence, bound) => {
    expect(upperBound(hits, count, confidence)).toBeCloseTo(bound, 4);
  });

  it('is the same from below', () => {
    expect(lowerBound(5, 50, 0.975)).toBeCloseTo(0.03328, 4);
    expect(lowerBound(0, 50, 0.975)).toBe(0);
    expect(upperBound(50, 50, 0.975)).toBe(1);
    expect(upperBound(0, 0, 0.95)).toBe(1);
  });

  it('says how many it takes', () => {
    expect(countFor(1 / 100, 0.95)).toBe(299);
    expect(hitsWithin(1 / 100, 298, 0.95)).toBe(-1);
    expect(hitsWithin(1 / 100, 299, 0.95)).toBe(0);
    expect(hitsWithin(1 / 100, 3000, 0.95)).toBe(20);
  });
});

describe('thresholdFor', () => {
  it('is the lowest that at most one in so many reaches', () => {
    const risks = [10, 50, 20.123, 40, 30];
    expect(thresholdFor(risks, 5)).toBe(40.01);
    expect(thresholdFor(risks, 2)).toBe(30.01);
    expect(thresholdFor(risks, 100)).toBe(50.01);
    expect(thresholdFor([], 100)).toBe(100);
  });

  it('keeps equal risks on one side', () => {
    const risks = [60, 60, 60, 10, 10, 10, 10, 10, 10, 10];
    expect(thresholdFor(risks, 10)).toBe(60.01);
    expect(risks.filter((risk) => risk >= thresholdFor(risks, 3)).length).toBeLessThanOrEqual(3);
  });

  it('lies above every risk that may not be interrupted, whatever its hundredths', () => {
    for (let hundredths = 2_000; hundredths < 10_000; hundredths++) {
      const risk = hundredths / 100;
      expect(thresholdFor([risk], 2)).toBeGreaterThan(risk);
    }
  });

  it('with confidence is higher, or none', () => {
    const risks = tasks(1_000).map(({ risk }) => risk);
    expect(thresholdFor(risks, 100, 0.95)).toBeGreaterThan(thresholdFor(risks, 100));
    expect(thresholdFor(risks.slice(0, 200), 100, 0.95)).toBe(100);
  });
});

describe('calibrate', () => {
  it('keeps the default where there are too few tasks, and says so', () => {
    const { entries, unkept } = calibrate(tasks(200), [{ ...ALL, interruptOneIn: 100 }], LEVELS, 0.95);
    expect(entries).toEqual([]);
    expect(unkept).toEqual([{ ...ALL, interruptOneIn: 100, tasks: 200, needed: 299, why: 'few-tasks' }]);
  });

  it('finds levels for each tenant and kind that has enough, and for all together', () => {
    const history = [
      ...tasks(600, { tenant: 'acme', kind: 'triage' }, 80),
      ...tasks(600, { tenant: 'beta' }, 40),
      ...tasks(40, { tenant: 'tiny' }, 90),
    ];
    const { entries, unkept } = calibrate(history, [{ ...ALL, interruptOneIn: 50 }], LEVELS, 0.95);
    expect(entries.map(({ tenant, kind }) => [tenant, kind])).toEqual([
      ['acme', 'triage'],
      ['acme', null],
      ['beta', null],
      [null, 'triage'],
      [null, null],
    ]);
    expect(unkept).toEqual([]);
    for (const { atMost, interrupted, tasks: count, levels } of entries) {
      expect(atMost).toBeLessThanOrEqual(1 / 50);
      expect(interrupted / count).toBeLessThanOrEqual(1 / 50);
      expect(levels.elevated < levels.high && levels.high < levels.critical).toBe(true);
    }
    const high = (name: string) => entries.find(({ tenant }) => tenant === name)!.levels.high;
    expect(high('beta')).toBeLessThan(high('acme'));
  });

  it('takes the budget that says most, whatever the order', () => {
    const history = [...tasks(2_000, { kind: 'pay' }), ...tasks(2_000)];
    const budgets = [
      { ...ALL, interruptOneIn: 20 },
      { ...ALL, kind: 'pay', interruptOneIn: 200 },
    ];
    for (const order of [budgets, budgets.toReversed()]) {
      const { entries } = calibrate(history, order, LEVELS, 0.95);
      expect(entries.map(({ kind, interruptOneIn }) => [kind, interruptOneIn]).toSorted()).toEqual(
        [
          [null, 20],
          [null, 20],
          ['pay', 200],
          ['pay', 200],
        ].toSorted(),
      );
    }
  });

  it('says of a budget that covers nothing, and of one that no threshold keeps', () => {
    const nothing = calibrate(tasks(500), [{ ...ALL, kind: 'pay', interruptOneIn: 10 }], LEVELS, 0.95);
    expect(nothing.unkept).toMatchObject([{ kind: 'pay', tasks: 0, why: 'few-tasks' }]);
    const loud = calibrate(tasks(500, { risk: 99.99 }), [{ ...ALL, interruptOneIn: 10 }], LEVELS, 0.95);
    expect(loud.unkept).toMatchObject([{ why: 'no-threshold' }]);
    expect(loud.entries).toEqual([]);
  });
});

describe('levelsAround', () => {
  it.each([20, 30, 45, 60, 75, 90, 99, 99.9])('%d keeps its distance to the others', (high) => {
    const { elevated, critical, hysteresis } = levelsAround(high, LEVELS);
    expect(elevated).toBeLessThan(high);
    expect(critical).toBeGreaterThan(high);
    expect(critical).toBeLessThan(100);
    expect(critical).toBeGreaterThanOrEqual(90);
    expect(elevated).toBeLessThanOrEqual(25);
    expect(hysteresis).toBeLessThan(elevated);
  });

  it('leaves the levels alone where high is what it was', () => {
    expect(levelsAround(60, LEVELS)).toEqual(LEVELS);
  });
});
