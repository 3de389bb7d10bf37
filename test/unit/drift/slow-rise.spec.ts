/** Rises too slow for any one event to stand out, and what may not be learned from them. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Policy } from '#drift';
import { defaultPolicy } from '#policy';
import { Story } from './story.js';

const policy = defaultPolicy();
const rateOnly: Policy = {
  ...policy,
  detectors: { rate: policy.detectors['rate']!, canary: policy.detectors['canary']! },
};
const WINDOW_MS = 10 * 60_000;

/** One window of results that come to about so many bytes, in parts. */
function work(story: Story, bytes: number): void {
  const from = story.now;
  for (let i = 0; i < 4; i++) story.result({ resultBytes: Math.round(bytes / 4), conversation: 'c' });
  story.wait(WINDOW_MS + 1 - (story.now - from));
}

function kindsOver(story: Story, windows: number, bytesAt: (i: number) => number): Set<string> {
  const kinds = new Set<string>();
  for (let i = 0; i < windows; i++) {
    const before = story.last;
    work(story, bytesAt(i));
    for (const { key } of story.state!.evidence) kinds.add(key.split('@')[0]!);
    expect(story.last).not.toBe(before);
  }
  return kinds;
}

const USUAL = 40_000;

describe('a slow rise', () => {
  it('is seen, though no window comes near the limit of one', () => {
    fc.assert(
      fc.property(fc.integer({ min: 105, max: 115 }), (percent) => {
        const story = new Story(rateOnly);
        expect([...kindsOver(story, 30, () => USUAL)]).toEqual([]);
        const most = policy.detectors['rate']!.options['bytesIn'] as number;
        const kinds = kindsOver(story, 90, (i) => Math.min(most / 16, USUAL * (percent / 100) ** i));
        expect([...kinds]).toEqual(['rate/rise/bytes-in']);
      }),
      { numRuns: 8 },
    );
  });

  it('is not seen in work that varies as work does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 60, maxLength: 60 }),
        (noise) => {
          const story = new Story(rateOnly);
          const kinds = kindsOver(story, noise.length, (i) => USUAL * 2 ** noise[i]!);
          expect([...kinds]).toEqual([]);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('ends: what has become usual is no rise any more', () => {
    const story = new Story(rateOnly);
    kindsOver(story, 30, () => USUAL);
    kindsOver(story, 600, () => USUAL * 16);
    expect(story.state!.rate.rises[2]).toBeLessThan(6);
    expect(story.state!.level).toBe('normal');
  });
});

describe('while risk is high', () => {
  it('no window is learned, whatever it holds', () => {
    const baited = { ...rateOnly, catalogue: { ...policy.catalogue, canaryResources: ['**/honey/**'] } };
    const story = new Story(baited);
    kindsOver(story, 14, () => USUAL);
    story.call({ resource: '/x/honey/y', conversation: 'c' });
    expect(story.last!.level).toBe('critical');
    const { usual, windows } = story.state!.rate;
    for (let i = 0; i < 3; i++) {
      story.result({ resultBytes: 1e9, conversation: 'c' });
      story.wait(WINDOW_MS);
    }
    expect(story.state!.rate).toMatchObject({ usual, windows });
  });
});
