import { describe, expect, it } from 'vitest';
import { FetchAhead, type FetchAnswer, type FetchRequest } from './fetch-ahead.js';

/** A log of so many records in each of two partitions, which gives out three at once; every request is written down. */
function broker(end: number) {
  const asked: Record<number, number>[] = [];
  let failing = false;
  const send = async ({ topics }: FetchRequest): Promise<FetchAnswer> => {
    asked.push(offsets({ topics }));
    if (failing) throw new Error('the connection is closed');
    const responses = topics.map(({ topic, partitions }) => ({
      topicName: topic,
      partitions: partitions.map(({ partition, fetchOffset }) => {
        const first = Number(fetchOffset);
        const count = Math.max(0, Math.min(3, end - first));
        return { partition, messages: Array.from({ length: count }, (_, i) => ({ offset: first + i })) };
      }),
    }));
    return { responses };
  };
  return { asked, fail: (now: boolean) => (failing = now), reader: new FetchAhead(send) };
}

const request = (wanted: Record<number, number>): FetchRequest => ({
  topics: [
    {
      topic: 't',
      partitions: Object.entries(wanted).map(([partition, offset]) => ({
        partition: Number(partition),
        fetchOffset: String(offset),
        maxBytes: 1_000,
      })),
    },
  ],
});
function offsets({ topics }: FetchRequest): Record<number, number> {
  const all = topics.flatMap(({ partitions }) => partitions);
  return Object.fromEntries(all.map(({ partition, fetchOffset }) => [partition, Number(fetchOffset)]));
}
/** Offsets by partition. */
const given = ({ responses }: FetchAnswer) =>
  Object.fromEntries(
    responses.flatMap(({ partitions }) =>
      partitions.map(({ partition, messages }) => [partition, messages.map(({ offset }) => offset)]),
    ),
  );

describe('fetching ahead', () => {
  it('asks once for what is read in order, each time before it is wanted', async () => {
    const { asked, reader } = broker(6);
    expect(given(await reader.fetch(request({ 0: 0, 1: 2 })))).toEqual({ 0: [0, 1, 2], 1: [2, 3, 4] });
    expect(asked).toEqual([
      { 0: 0, 1: 2 },
      { 0: 3, 1: 5 },
    ]);
    expect(given(await reader.fetch(request({ 0: 3, 1: 5 })))).toEqual({ 0: [3, 4, 5], 1: [5] });
    expect(given(await reader.fetch(request({ 0: 6, 1: 6 })))).toEqual({ 0: [], 1: [] });
    expect(asked).toHaveLength(3);
    // At the end nothing is asked before somebody wants it.
    await reader.fetch(request({ 0: 6, 1: 6 }));
    expect(asked).toHaveLength(4);
  });

  it('after a seek nothing that was fetched ahead is given', async () => {
    const { asked, reader } = broker(100);
    await reader.fetch(request({ 0: 0, 1: 0 }));
    expect(given(await reader.fetch(request({ 0: 50, 1: 3 })))).toEqual({ 1: [3, 4, 5] });
    expect(given(await reader.fetch(request({ 0: 50, 1: 6 })))).toEqual({ 0: [50, 51, 52], 1: [6, 7, 8] });
    expect(asked).toEqual([
      { 0: 0, 1: 0 },
      { 0: 3, 1: 3 },
      { 0: 50, 1: 6 },
      { 0: 53, 1: 9 },
    ]);
  });

  it('a partition that is paused meanwhile is left out, and read where it was afterwards', async () => {
    const { reader } = broker(100);
    await reader.fetch(request({ 0: 0, 1: 0 }));
    expect(given(await reader.fetch(request({ 1: 3 })))).toEqual({ 1: [3, 4, 5] });
    expect(given(await reader.fetch(request({ 1: 6 })))).toEqual({ 1: [6, 7, 8] });
    await reader.fetch(request({ 0: 3, 1: 9 }));
    expect(given(await reader.fetch(request({ 0: 3, 1: 12 })))).toMatchObject({ 1: [12, 13, 14] });
  });

  it('other partitions than before: all of them are fetched anew', async () => {
    const { asked, reader } = broker(100);
    await reader.fetch(request({ 0: 0 }));
    expect(given(await reader.fetch(request({ 1: 7 })))).toEqual({ 1: [7, 8, 9] });
    expect(asked).toEqual([{ 0: 0 }, { 0: 3 }, { 1: 7 }, { 1: 10 }]);
  });

  it('a failure ahead is nobody else’s: whoever asks finds out for himself', async () => {
    const { reader, fail } = broker(100);
    await reader.fetch(request({ 0: 0 }));
    expect(given(await reader.fetch(request({ 0: 3 })))).toEqual({ 0: [3, 4, 5] });
    fail(true);
    expect(given(await reader.fetch(request({ 0: 6 })))).toEqual({ 0: [6, 7, 8] });
    await expect(reader.fetch(request({ 0: 9 }))).rejects.toThrow('the connection is closed');
    fail(false);
    expect(given(await reader.fetch(request({ 0: 9 })))).toEqual({ 0: [9, 10, 11] });
  });

  it('says when the fetch was sent whose answer is given', async () => {
    const { reader } = broker(100);
    await reader.fetch(request({ 0: 0 }));
    const first = reader.sentAtMs;
    await new Promise((resolve) => setTimeout(resolve, 30));
    await reader.fetch(request({ 0: 3 }));
    expect(reader.sentAtMs - first).toBeLessThan(20);
    await reader.fetch(request({ 0: 6 }));
    expect(reader.sentAtMs - first).toBeGreaterThanOrEqual(25);
  });
});
