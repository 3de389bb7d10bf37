import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openEmbeddedLog } from './log.js';

const value = (text: string) => Buffer.from(text);

describe('the embedded log', () => {
  let dir: string;
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'driftline-log-'));
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  it('gives back what was appended, after closing and opening again', async () => {
    const first = await openEmbeddedLog({ dir });
    await first.ensureTopics([{ name: 't', partitions: 2, compacted: false, retentionMs: null }]);
    const id = await first.id();
    const placed = await first.append('t', [
      { key: 'a', value: value('1'), partition: 1, headers: { ce_id: 'x', unicode: 'žluť' } },
      { key: 'a', value: null, partition: 1 },
    ]);
    expect(placed).toEqual([
      { partition: 1, offset: 0 },
      { partition: 1, offset: 1 },
    ]);
    await first.close();

    const again = await openEmbeddedLog({ dir });
    expect(await again.id()).toBe(id);
    expect(await again.bounds('t', 1)).toEqual({ start: 0, end: 2 });
    const record = await again.readAt('t', 1, 0);
    expect(record).toMatchObject({
      key: value('a'),
      value: value('1'),
      headers: { ce_id: 'x', unicode: 'žluť' },
    });
    expect((await again.readAt('t', 1, 1))?.value).toBeNull();
    expect(await again.readAt('t', 1, 2)).toBeNull();
    await again.close();
  });

  it('drops whole segments that are older than the retention, and keeps its end', async () => {
    let now = 1_000_000;
    const log = await openEmbeddedLog({ dir, now: () => now });
    await log.ensureTopics([{ name: 't', partitions: 1, compacted: false, retentionMs: 80_000 }]);
    for (let round = 0; round < 10; round += 1) {
      await log.append('t', [{ key: 'k', value: value(String(round)) }]);
      now += 10_000;
    }
    now += 1;
    await log.maintain();
    expect(await log.bounds('t', 0)).toEqual({ start: 2, end: 10 });
    expect(await log.readAt('t', 0, 1)).toBeNull();
    expect((await log.readAt('t', 0, 2))?.value).toEqual(value('2'));
    now += 100_000;
    await log.maintain();
    expect(await log.bounds('t', 0)).toEqual({ start: 10, end: 10 });
    await log.close();

    const again = await openEmbeddedLog({ dir, now: () => now });
    expect(await again.bounds('t', 0)).toEqual({ start: 10, end: 10 });
    expect(await again.append('t', [{ key: 'k', value: value('new') }])).toEqual([
      { partition: 0, offset: 10 },
    ]);
    await again.close();
  });

  it('removes a tombstone only once every reader has had a day to see it', async () => {
    let now = 1_000_000;
    const log = await openEmbeddedLog({ dir, now: () => now });
    await log.ensureTopics([{ name: 't', partitions: 1, compacted: true, retentionMs: null }]);
    await log.append('t', [
      { key: 'a', value: value('1') },
      { key: 'a', value: null },
      { key: 'b', value: value('2') },
    ]);
    await log.maintain({ force: true });
    expect(await log.readAt('t', 0, 0)).toBeNull();
    expect((await log.readAt('t', 0, 1))?.value).toBeNull();
    now += 25 * 3_600_000;
    await log.maintain({ force: true });
    expect(await log.readAt('t', 0, 1)).toBeNull();
    expect((await log.readAt('t', 0, 2))?.value).toEqual(value('2'));
    await log.close();
  });

  it('never lets append times go back, whatever the clock does', async () => {
    let now = 5_000;
    const log = await openEmbeddedLog({ dir, now: () => now });
    await log.ensureTopics([{ name: 't', partitions: 1, compacted: false, retentionMs: null }]);
    await log.append('t', [{ key: 'k', value: value('1') }]);
    now = 1_000;
    await log.append('t', [{ key: 'k', value: value('2') }]);
    expect((await log.readAt('t', 0, 1))?.appendTimeMs).toBe(5_000);
    await log.close();
  });

  it('refuses another number of partitions for a topic that exists', async () => {
    const log = await openEmbeddedLog({ dir });
    const spec = { name: 't', partitions: 2, compacted: false, retentionMs: null };
    await log.ensureTopics([spec]);
    await expect(log.ensureTopics([{ ...spec, partitions: 3 }])).rejects.toMatchObject({
      code: 'topic-misconfigured',
    });
    await log.close();
  });

  it('takes no more once it is closed', async () => {
    const log = await openEmbeddedLog({ dir });
    await log.ensureTopics([{ name: 't', partitions: 1, compacted: false, retentionMs: null }]);
    const last = log.append('t', [{ key: 'k', value: value('1') }]);
    const closed = log.close();
    await expect(last).resolves.toEqual([{ partition: 0, offset: 0 }]);
    await closed;
    await expect(log.append('t', [{ key: 'k', value: value('2') }])).rejects.toMatchObject({
      code: 'append-closed',
      outcome: 'not-appended',
    });
  });
});
