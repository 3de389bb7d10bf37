import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { StateStore } from '../port.js';
import { openEmbeddedStore } from './store.js';

const PARTITION = 'activity/3';

async function all(keys: AsyncIterable<string>): Promise<string[]> {
  const list: string[] = [];
  for await (const key of keys) list.push(key);
  return list;
}

describe('embedded store', () => {
  let dir: string;
  let nowMs: number;
  let store: StateStore & { sweep(): Promise<void> };

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'driftline-store-'));
    nowMs = 1_000_000;
    store = await openEmbeddedStore({ dir, now: () => nowMs });
  });

  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  const commit = (states: { key: string; state: Uint8Array | null; ttlMs: number }[], offset: number) =>
    store.commit({
      partition: PARTITION,
      expected: offset === 0 ? null : { logId: 'log', offset: offset - 1, checksum: 'aa' },
      next: { logId: 'log', offset, checksum: 'aa' },
      states,
      folded: [],
      tasks: [{ task: `t3-${offset}`, key: 'agent', ttlMs: 1_000 }],
    });

  it('keeps what was written over a restart', async () => {
    await commit([{ key: 'agent', state: Buffer.from('state'), ttlMs: 1_000 }], 0);
    await store.close();
    store = await openEmbeddedStore({ dir, now: () => nowMs });
    expect(await store.load(PARTITION, ['agent'])).toEqual([Buffer.from('state')]);
    expect(await store.marker(PARTITION)).toEqual({ logId: 'log', offset: 0, checksum: 'aa' });
  });

  it('hides expired records at once and frees them when it sweeps', async () => {
    await commit([{ key: 'agent', state: Buffer.from('state'), ttlMs: 1_000 }], 0);
    nowMs += 1_000;
    expect(await store.load(PARTITION, ['agent'])).toEqual([null]);
    expect(await store.taskAgent(PARTITION, 't3-0')).toBeNull();
    expect(await all(store.keys(PARTITION))).toEqual([]);
    await store.sweep();
    nowMs -= 1_000;
    expect(await store.load(PARTITION, ['agent'])).toEqual([null]);
    expect(await store.taskAgent(PARTITION, 't3-0')).toBeNull();
  });

  it('takes agent keys longer than LMDB keys and lists them whole', async () => {
    const long = `default|spiffe://example.org/${'a'.repeat(2_020)}`;
    const other = `${long}b`;
    await commit(
      [
        { key: long, state: Buffer.from('1'), ttlMs: 1_000 },
        { key: other, state: Buffer.from('2'), ttlMs: 1_000 },
      ],
      0,
    );
    expect(await store.load(PARTITION, [other, long])).toEqual([Buffer.from('2'), Buffer.from('1')]);
    expect((await all(store.keys(PARTITION))).sort()).toEqual([long, other]);
  });

  it('lists more keys than one page, of this partition only', async () => {
    const keys = Array.from({ length: 700 }, (_, i) => `agent-${String(i).padStart(4, '0')}`);
    await commit(
      keys.map((key) => ({ key, state: Buffer.from(key), ttlMs: 1_000 })),
      0,
    );
    expect(await all(store.keys(PARTITION))).toEqual(keys);
    expect(await all(store.keys('activity/30'))).toEqual([]);
  });

  it('refuses calls after it was closed', async () => {
    await store.close();
    await expect(store.load(PARTITION, ['agent'])).rejects.toMatchObject({ code: 'DL_STORE_CLOSED' });
    await expect(commit([], 0)).rejects.toMatchObject({ code: 'DL_STORE_CLOSED' });
  });
});
