import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ToolCall, ToolResult } from '#activity/types';
import { rateAfterCall, rateAfterResult, signatureOf, targetCount } from './rate.js';
import { emptyState, type Rate } from './state.js';
import { WINDOW_MS } from './targets.js';

const START_MS = 1_000_000;
const call = (fields: Partial<ToolCall> = {}) =>
  ({
    server: 's',
    tool: 't',
    effect: 'write',
    resource: null,
    destination: null,
    values: [],
    facts: [],
    argumentsBytes: 10,
    ...fields,
  }) as ToolCall;
const result = (resultBytes: number, records = 0) => ({ resultBytes, records }) as ToolResult;
const to = (print: string) => call({ destination: { place: 'external', print } });

/** A window of so many bytes, then the next one opened. */
function window(rate: Rate, at: number, bytes: number, share: number): Rate {
  return rateAfterResult(rateAfterResult(rate, result(bytes), at, share), result(0), at + WINDOW_MS, share);
}

describe('windows', () => {
  it('add up exactly, whatever the order within one', () => {
    const amounts = fc.array(fc.nat(1 << 20), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(amounts, (list) => {
        const of = (bytes: number[]) =>
          bytes.reduce((rate, n) => rateAfterResult(rate, result(n), START_MS, 1), emptyState().rate);
        expect(of(list.toReversed())).toEqual(of(list));
        expect(of(list).windowResultBytes).toBe(list.reduce((sum, n) => sum + n, 0));
      }),
      { numRuns: 50 },
    );
  });

  it('teach nothing while nothing may be learned, and are counted all the same', () => {
    const rate = window(emptyState().rate, START_MS, 5_000, 0);
    expect(rate).toMatchObject({ windows: 0, usual: [], windowAt: START_MS + WINDOW_MS });
    expect(rate.resultBytes).toBeGreaterThan(0);
  });

  it('far above the usual teach no more than those just above it', () => {
    const taught = (bytes: number) => {
      let rate = emptyState().rate;
      for (let i = 0; i < 20; i++) rate = window(rate, START_MS + i * WINDOW_MS, 1_000, 1);
      return window(rate, START_MS + 20 * WINDOW_MS, bytes, 1).usual[2]!;
    };
    expect(taught(1e12)).toBeCloseTo(taught(4_000), 6);
    expect(taught(1e12) - taught(1_000)).toBeLessThan(0.06);
  });

  it('stay constant in size', () => {
    let rate = emptyState().rate;
    for (let i = 0; i < 3_000; i++) {
      rate = rateAfterCall(rate, to(`${i}`), START_MS + i * 7_000, 1);
    }
    expect([rate.targets.length, rate.usual.length, rate.spread.length, rate.rises.length]).toEqual([
      4, 5, 5, 5,
    ]);
    expect(rate.windows).toBeLessThanOrEqual(32);
  });
});

describe('targets', () => {
  it('are counted to a few per cent, each once, whatever the order', () => {
    for (const count of [1, 10, 40, 100]) {
      const prints = Array.from({ length: count }, (_, i) =>
        (i * 2_654_435_761).toString(16).padStart(16, '0'),
      );
      const seen = (list: string[]) =>
        list.reduce((rate, print) => rateAfterCall(rate, to(print), START_MS, 1), emptyState().rate).targets;
      const targets = seen([...prints, ...prints]);
      expect(Math.abs(targetCount(targets) - count)).toBeLessThanOrEqual(Math.max(1, count * 0.15));
      expect(seen(prints.toReversed())).toEqual(targets);
    }
  });
});

describe('loops', () => {
  const after = (calls: ToolCall[]) =>
    calls.reduce((rate, one, i) => rateAfterCall(rate, one, START_MS + i, 1), emptyState().rate);

  it('grow with every round, also of four calls in turn', () => {
    expect(after(Array.from({ length: 30 }, () => call())).loopCount).toBeCloseTo(30, 1);
    const round = ['a', 'b', 'c', 'd'].map((tool) => call({ tool }));
    expect(after(Array.from({ length: 200 }, (_, i) => round[i % 4]!)).loopCount).toBeGreaterThan(10);
  });

  it('do not grow where every call is another', () => {
    expect(after(Array.from({ length: 300 }, (_, i) => call({ argumentsBytes: i }))).loopCount).toBeLessThan(
      2,
    );
  });

  it('take the same values in another order for the same call', () => {
    const value = (print: string) => ({ print }) as ToolCall['values'][number];
    const values = ['aa', 'bb', 'cc'].map(value);
    const signature = signatureOf(call({ values }));
    expect(signatureOf(call({ values: values.toReversed() }))).toBe(signature);
    expect(signatureOf(call({ values: values.slice(1) }))).not.toBe(signature);
    expect(signatureOf(call({ values, tool: 'other' }))).not.toBe(signature);
  });
});
