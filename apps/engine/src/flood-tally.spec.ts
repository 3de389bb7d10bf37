import { describe, expect, it } from 'vitest';
import { Sample, SAMPLE_MAX } from './flood-tally.js';

/** Numbers in no order, each once. */
const digests = (count: number) => Array.from({ length: count }, (_, i) => (i * 7_919) % 104_729);

describe('a sample of agents', () => {
  it('is those with the smallest digests, in whatever order they come, and what fired on them stays', () => {
    const sample = new Sample();
    const all = digests(10_000);
    for (const digest of all) sample.of(digest)?.add(`fired ${digest}`);
    const smallest = [...all].sort((a, b) => a - b).slice(0, SAMPLE_MAX);
    expect([...sample.agents.keys()].sort((a, b) => a - b)).toEqual(smallest);
    for (const [digest, fired] of sample.agents) expect([...fired]).toEqual([`fired ${digest}`]);
    expect(sample.of(smallest[3]!)).toEqual(new Set([`fired ${smallest[3]}`]));
    expect(sample.of(all.find((digest) => digest > smallest.at(-1)!)!)).toBeNull();
  });

  it('of two is the same as of all together', () => {
    const [one, other, both] = [new Sample(), new Sample(), new Sample()];
    digests(3_000).forEach((digest, i) => {
      (i % 2 === 0 ? one : other).of(digest);
      both.of(digest);
    });
    one.add(other);
    expect(new Set(one.agents.keys())).toEqual(new Set(both.agents.keys()));
  });
});
