import { describe, expect, it } from 'vitest';
import { Turns } from './turns.js';

describe('Turns', () => {
  it('lets one at a time work per agent, others beside it, in order', async () => {
    const turns = new Turns();
    const log: string[] = [];
    const work = (key: string, n: number) =>
      turns.take(key, async () => {
        log.push(`${key}${n} in`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        log.push(`${key}${n} out`);
        if (n === 1) throw new Error('failed');
        return n;
      });
    const all = await Promise.allSettled([work('a', 1), work('a', 2), work('b', 3), work('a', 4)]);
    expect(all.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled', 'fulfilled']);
    expect(log.filter((line) => line.startsWith('a'))).toEqual([
      'a1 in',
      'a1 out',
      'a2 in',
      'a2 out',
      'a4 in',
      'a4 out',
    ]);
    expect(log.indexOf('b3 in')).toBeLessThan(log.indexOf('a1 out'));
  });

  it('refuses beyond its limit', async () => {
    const turns = new Turns();
    const waiting = Array.from({ length: 256 }, () =>
      turns.take('a', () => new Promise((resolve) => setTimeout(resolve, 1))),
    );
    await expect(turns.take('a', async () => 1)).rejects.toMatchObject({ code: 'limit' });
    await Promise.all(waiting);
    expect(await turns.take('a', async () => 1)).toBe(1);
  });
});
