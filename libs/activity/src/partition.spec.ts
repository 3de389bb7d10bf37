import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from './partition.js';

describe('murmur2', () => {
  // Apache Kafka, clients/src/test/java/org/apache/kafka/common/utils/UtilsTest.java.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])("of %s is Kafka's", (text, hash) => {
    expect(murmur2(Buffer.from(text))).toBe(hash);
  });
});

describe('partitionOf', () => {
  // Fixed for ever: a change here would move every agent's state.
  it.each([
    ['acme|spiffe://acme.example/agents/billing', 8, 4],
    ['', 8, 1],
    ['acme|asserted/Grüße 🧾', 12, 8],
    ['abc', 1, 0],
  ])('puts %s of %i partitions into %i', (key, partitions, partition) => {
    expect(partitionOf(key, partitions)).toBe(partition);
  });

  it('spreads agents evenly', () => {
    const counts = Array.from({ length: 8 }, () => 0);
    for (let agent = 0; agent < 8_000; agent += 1)
      counts[partitionOf(`acme|spiffe://acme.example/agents/a${agent}`, 8)]! += 1;
    expect(Math.min(...counts)).toBeGreaterThan(850);
    expect(Math.max(...counts)).toBeLessThan(1_150);
  });

  it.each([0, -1, 1.5, NaN])('refuses %d partitions', (partitions) => {
    expect(() => partitionOf('key', partitions)).toThrow(RangeError);
  });
});
