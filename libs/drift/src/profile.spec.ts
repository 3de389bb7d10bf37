import { describe, expect, it } from 'vitest';
import type { ToolCall, ToolResult } from '#activity/types';
import { LIMITS } from './limits.js';
import {
  classCount,
  decayTo,
  effectCount,
  learnCall,
  learnResult,
  learningAt,
  surpriseBits,
} from './profile.js';
import { emptyState } from './state.js';

const DAY_MS = 86_400_000;
const call = (tool: string) =>
  ({
    server: 's',
    tool,
    effect: 'read',
    resource: null,
    dataClasses: ['phi', 'internal'],
  }) as unknown as ToolCall;
const result = { dataClasses: ['phi'] } as unknown as ToolResult;
const at = (now: number, share = 1) => ({
  share,
  now,
  halfLifeMs: DAY_MS,
  sensitivities: { phi: 0.7, internal: 0 },
});

describe('profile', () => {
  it('counts decay by half in a half-life', () => {
    const profile = learnCall(emptyState().profile, call('a'), null, at(DAY_MS));
    const decay = decayTo(profile, 2 * DAY_MS, DAY_MS);
    expect(classCount(profile, 'phi', decay)).toBeCloseTo(0.5, 12);
    expect(effectCount(profile, 'read', decay)).toBeCloseTo(0.5, 12);
    expect(classCount(profile, 'internal', decay)).toBe(0);
  });

  it('counts the same whether the landmark moved or not', () => {
    let profile = emptyState().profile;
    for (let day = 1; day <= 60; day++) profile = learnCall(profile, call('a'), 'read', at(day * DAY_MS));
    // 1 + 1/2 + 1/4 … = 2
    expect(profile.calls * decayTo(profile, 60 * DAY_MS, DAY_MS)).toBeCloseTo(2, 9);
    expect(profile.landmarkMs).toBeGreaterThan(DAY_MS);
  });

  it('learns less while risk is up, and nothing while it is high', () => {
    expect(learningAt('elevated')).toBeLessThan(learningAt('normal'));
    expect(learningAt('elevated')).toBeGreaterThan(0);
    expect([learningAt('high'), learningAt('critical')]).toEqual([0, 0]);
    const profile = learnResult(emptyState().profile, result, at(DAY_MS, 0.25));
    expect(classCount(profile, 'phi', decayTo(profile, DAY_MS, DAY_MS))).toBeCloseTo(0.25, 12);
  });

  it('is bounded: the rarest name is forgotten', () => {
    let profile = emptyState().profile;
    for (let i = 0; i < 200; i++)
      profile = learnCall(profile, call(i % 2 ? 'often' : `rare-${i}`), null, at(DAY_MS + i));
    expect(profile.tools.names).toHaveLength(LIMITS.tools);
    expect(profile.tools.names).toContain('s/often');
  });
});

describe('surpriseBits', () => {
  it('falls with every time it is seen and rises with every time it is not', () => {
    expect(surpriseBits(1, 20, 0.01, 8)).toBeLessThan(surpriseBits(0, 20, 0.01, 8));
    expect(surpriseBits(0, 200, 0.01, 8)).toBeGreaterThan(surpriseBits(0, 20, 0.01, 8));
    expect(surpriseBits(0, 0, 0.25, 8)).toBeCloseTo(2, 12);
  });
});
