/**
 * What every store promises, whatever it is made of. Each adapter's test calls `storeConformance` with a way to open
 * it; a promise that is not tested here is not one. Every test works in a partition of its own.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  PENDING_MAX,
  STATE_MAX_BYTES,
  type CommitRequest,
  type Marker,
  type PartitionId,
  type PendingEntry,
  type StateStore,
} from '#store';
import { storeBehavesLikeModel } from './store-model.js';

export interface StoreUnderTest {
  open(): Promise<StateStore>;
  stop(): Promise<void>;
}

const HOUR_MS = 3_600_000;
let partitions = 0;

/** A partition nobody used before. */
export function freshPartition(): PartitionId {
  partitions += 1;
  return `activity-${randomUUID().slice(0, 8)}/${partitions}`;
}

export function markerAt(offset: number): Marker {
  return { logId: 'log-1', offset, checksum: offset.toString(16).padStart(16, '0') };
}

/** A commit of `states` that moves the partition from `from` (null = nowhere) to `to`. */
export function commitOf(
  partition: PartitionId,
  from: number | null,
  to: number,
  states: Record<string, Uint8Array | string | null> = {},
  more: Partial<CommitRequest> = {},
): CommitRequest {
  return {
    partition,
    expected: from === null ? null : markerAt(from),
    next: markerAt(to),
    states: Object.entries(states).map(([key, state]) => ({
      key,
      state: typeof state === 'string' ? Buffer.from(state) : state,
      ttlMs: HOUR_MS,
    })),
    folded: [],
    tasks: [],
    ...more,
  };
}

export function entryOf(id: string, activity: Uint8Array | string = id): PendingEntry {
  return { id, activity: Buffer.from(activity), atMs: 1_764_000_000_000 };
}

export async function collect(keys: AsyncIterable<string>): Promise<string[]> {
  const all: string[] = [];
  for await (const key of keys) all.push(key);
  return all.sort();
}

const texts = (states: (Uint8Array | null)[]): (string | null)[] =>
  states.map((state) => state && Buffer.from(state).toString());

/** @param available false = the server it needs is not there: skipped, visibly */
export function storeConformance(name: string, start: () => Promise<StoreUnderTest>, available = true): void {
  describe.skipIf(!available)(`store conformance: ${name}`, () => {
    let under: StoreUnderTest;
    let store: StateStore;
    let partition: PartitionId;

    beforeAll(async () => {
      under = await start();
      store = await under.open();
    });
    afterAll(async () => {
      await store?.close();
      await under?.stop();
    });
    beforeEach(() => {
      partition = freshPartition();
    });

    markerPromises(() => ({ store, partition }));
    statePromises(() => ({ store, partition }));
    pendingPromises(() => ({ store, partition }));
    racePromises(() => ({ store, partition, open: () => under.open() }));
    otherPromises(() => ({ store, partition }));

    it('answers any sequence of calls like a few Maps would', async () => {
      await expect(storeBehavesLikeModel(store, freshPartition)).resolves.toBeUndefined();
    });
  });
}

type Parts = () => { store: StateStore; partition: PartitionId };

function markerPromises(parts: Parts): void {
  it('has no marker before the first commit, and the committed one afterwards', async () => {
    const { store, partition } = parts();
    expect(await store.marker(partition)).toBeNull();
    expect(await store.commit(commitOf(partition, null, 7))).toEqual({ ok: true });
    expect(await store.marker(partition)).toEqual(markerAt(7));
  });

  it('refuses a commit that expects another marker, tells the actual one and writes nothing', async () => {
    const { store, partition } = parts();
    const early = commitOf(partition, 3, 4, { a: 'early' });
    expect(await store.commit(early)).toEqual({ ok: false, marker: null });
    await store.commit(commitOf(partition, null, 5, { a: 'kept' }));
    for (const wrong of [null, 4]) {
      const tasks = [{ task: 't', key: 'a', ttlMs: HOUR_MS }];
      const refused = await store.commit(
        commitOf(partition, wrong, 6, { a: 'wrong', b: 'wrong' }, { tasks }),
      );
      expect(refused).toEqual({ ok: false, marker: markerAt(5) });
    }
    expect(texts(await store.load(partition, ['a', 'b']))).toEqual(['kept', null]);
    expect(await store.taskAgent(partition, 't')).toBeNull();
    expect(await store.marker(partition)).toEqual(markerAt(5));
  });

  it.each(['logId', 'checksum'] as const)('compares the %s of the marker too', async (field) => {
    const { store, partition } = parts();
    await store.commit(commitOf(partition, null, 5));
    const expected = { ...markerAt(5), [field]: 'another' };
    const request = { ...commitOf(partition, 5, 6), expected };
    expect(await store.commit(request)).toEqual({ ok: false, marker: markerAt(5) });
  });

  it('answers a repeated commit with its own marker, so that a lost answer is recognised', async () => {
    const { store, partition } = parts();
    const request = commitOf(partition, null, 5, { a: '1' });
    await store.commit(request);
    expect(await store.commit(request)).toEqual({ ok: false, marker: request.next });
  });

  it('keeps partitions apart', async () => {
    const { store, partition } = parts();
    const other = freshPartition();
    await store.commit(commitOf(partition, null, 5, { a: '1' }));
    expect(await store.marker(other)).toBeNull();
    expect(await store.load(other, ['a'])).toEqual([null]);
    expect(await collect(store.keys(other))).toEqual([]);
  });
}

function statePromises(parts: Parts): void {
  it('loads in the order asked for, null where there is nothing', async () => {
    const { store, partition } = parts();
    await store.commit(commitOf(partition, null, 1, { a: '1', b: '2', c: '3' }));
    expect(texts(await store.load(partition, ['c', 'x', 'a', 'c']))).toEqual(['3', null, '1', '3']);
    expect(await store.load(partition, [])).toEqual([]);
  });

  it('overwrites and deletes', async () => {
    const { store, partition } = parts();
    await store.commit(commitOf(partition, null, 1, { a: '1', b: '2' }));
    await store.commit(commitOf(partition, 1, 2, { a: '1b', b: null, never: null }));
    expect(texts(await store.load(partition, ['a', 'b', 'never']))).toEqual(['1b', null, null]);
  });

  it('lets states and tasks expire, each after its own time, and forgets neither marker nor the others', async () => {
    const { store, partition } = parts();
    const states = [
      { key: 'short', state: Buffer.from('s'), ttlMs: 150 },
      { key: 'long', state: Buffer.from('l'), ttlMs: HOUR_MS },
    ];
    const tasks = [{ task: 't', key: 'short', ttlMs: 150 }];
    await store.commit({ ...commitOf(partition, null, 1), states, tasks });
    expect(texts(await store.load(partition, ['short', 'long']))).toEqual(['s', 'l']);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(texts(await store.load(partition, ['short', 'long']))).toEqual([null, 'l']);
    expect(await store.taskAgent(partition, 't')).toBeNull();
    expect((await store.view(partition, 'short')).state).toBeNull();
    expect(await collect(store.keys(partition))).toEqual(['long']);
    expect(await store.marker(partition)).toEqual(markerAt(1));
  });

  it('starts the time to live again with every write', async () => {
    const { store, partition } = parts();
    const write = (ttlMs: number) => [{ key: 'a', state: Buffer.from('a'), ttlMs }];
    await store.commit({ ...commitOf(partition, null, 1), states: write(100) });
    await store.commit({ ...commitOf(partition, 1, 2), states: write(HOUR_MS) });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(texts(await store.load(partition, ['a']))).toEqual(['a']);
  });

  it('keeps every byte, and keys with any character', async () => {
    const { store, partition } = parts();
    const bytes = Buffer.from(Array.from({ length: 512 }, (_, i) => i % 256));
    const keys = [
      'default|spiffe://a.b/c',
      'default|asserted/{x}*?[é] "\r\n',
      `t|spiffe://x/${'y'.repeat(2_000)}`,
      '🜁',
    ];
    const states = Object.fromEntries(keys.map((key, i) => [key, Buffer.concat([bytes, Buffer.from([i])])]));
    await store.commit(commitOf(partition, null, 1, { ...states, empty: Buffer.alloc(0) }));
    const loaded = await store.load(partition, [...keys, 'empty']);
    for (const [i, key] of keys.entries()) expect(Buffer.from(loaded[i]!)).toEqual(states[key]);
    expect(loaded.at(-1)).toHaveLength(0);
    expect(await collect(store.keys(partition))).toEqual([...keys, 'empty'].sort());
  });

  it('takes large states and large batches, and refuses what is beyond the limits before writing', async () => {
    const { store, partition } = parts();
    const large = Buffer.alloc(STATE_MAX_BYTES, 0xab);
    const many = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, i) => [`agent-${i}`, Buffer.alloc(2_048, i)]),
    );
    expect(await store.commit(commitOf(partition, null, 1, { ...many, large }))).toEqual({ ok: true });
    const keys = Object.keys(many);
    const loaded = await store.load(partition, [...keys, 'large']);
    expect(loaded.every((state, i) => Buffer.from(state!).equals(many[keys[i] ?? ''] ?? large))).toBe(true);
    const task = { task: 't', key: 'a', ttlMs: 0 };
    const wrong = [
      commitOf(partition, 1, 2, { tooLarge: Buffer.alloc(STATE_MAX_BYTES + 1), a: 'a' }),
      commitOf(partition, 1, 2, { a: 'a' }, { tasks: [task] }),
      commitOf(partition, 1, 2, { a: 'a' }, { tasks: [{ ...task, ttlMs: Number.POSITIVE_INFINITY }] }),
    ];
    for (const request of wrong) {
      await expect(store.commit(request)).rejects.toMatchObject({ code: 'DL_STORE_LIMIT' });
    }
    const { version } = await store.view(partition, 'a');
    await expect(store.appendPending(partition, 'a', version, entryOf('1'), task)).rejects.toMatchObject({
      code: 'DL_STORE_LIMIT',
    });
    expect(texts(await store.load(partition, ['a']))).toEqual([null]);
    expect(await store.marker(partition)).toEqual(markerAt(1));
  });
}

function pendingPromises(parts: Parts): void {
  it('appends in order when nothing changed, and conflicts when something did', async () => {
    const { store, partition } = parts();
    const first = await store.view(partition, 'a');
    expect(first).toMatchObject({ state: null, pending: [], currency: null });
    expect(await store.appendPending(partition, 'a', first.version, entryOf('i-2'))).toBe('appended');
    expect(await store.appendPending(partition, 'a', first.version, entryOf('i-1'))).toBe('conflict');
    const second = await store.view(partition, 'a');
    expect(await store.appendPending(partition, 'a', second.version, entryOf('i-1', '\0\xff'))).toBe(
      'appended',
    );
    const third = await store.view(partition, 'a');
    expect(
      third.pending.map(({ id, activity, atMs }) => ({ id, activity: Buffer.from(activity), atMs })),
    ).toEqual([entryOf('i-2'), entryOf('i-1', '\0\xff')]);
    expect((await store.view(partition, 'b')).pending).toEqual([]);
  });

  it('appends without a version whatever is there, once per id; a version seen before is another afterwards', async () => {
    const { store, partition } = parts();
    expect(await store.appendPending(partition, 'a', null, entryOf('1'))).toBe('appended');
    await store.commit(commitOf(partition, null, 1, { a: 's' }));
    const seen = await store.view(partition, 'a');
    const task = { task: 't', ttlMs: 60_000 };
    expect(await store.appendPending(partition, 'a', null, entryOf('2'), task)).toBe('appended');
    expect(await store.taskAgent(partition, 't')).toBe('a');
    expect(await store.appendPending(partition, 'a', seen.version, entryOf('3'))).toBe('conflict');
    expect(await store.appendPending(partition, 'a', null, entryOf('1', 'other'))).toBe('appended');
    const { pending } = await store.view(partition, 'a');
    expect(pending.map(({ id }) => id)).toEqual(['1', '2']);
    expect(Buffer.from(pending[0]!.activity)).toEqual(entryOf('1').activity);
    for (let i = 2; i < PENDING_MAX; i += 1)
      await store.appendPending(partition, 'a', null, entryOf(`i-${i}`));
    expect(await store.appendPending(partition, 'a', null, entryOf('more'))).toBe('full');
    expect(await store.appendPending(partition, 'a', null, entryOf('2'))).toBe('appended');
  });

  it('removes what a commit folded, and only that', async () => {
    const { store, partition } = parts();
    for (const id of ['1', '2', '3']) await append(store, partition, 'a', entryOf(id));
    const folded = [
      { key: 'a', ids: ['1', '3', 'never'] },
      { key: 'nobody', ids: ['1'] },
    ];
    await store.commit(commitOf(partition, null, 1, { a: 's' }, { folded }));
    expect((await store.view(partition, 'a')).pending.map(({ id }) => id)).toEqual(['2']);
    await store.removePending(partition, 'a', ['2', 'never']);
    await store.removePending(partition, 'a', []);
    expect((await store.view(partition, 'a')).pending).toEqual([]);
  });

  it('leaves the pending list alone when the commit is refused', async () => {
    const { store, partition } = parts();
    await append(store, partition, 'a', entryOf('1'));
    const { version } = await store.view(partition, 'a');
    const refused = commitOf(partition, 9, 10, { a: 's' }, { folded: [{ key: 'a', ids: ['1'] }] });
    expect((await store.commit(refused)).ok).toBe(false);
    expect(await store.view(partition, 'a')).toMatchObject({ version, state: null, pending: [{ id: '1' }] });
  });

  it('is full at its limit, and takes more once something was removed', async () => {
    const { store, partition } = parts();
    for (let i = 0; i < PENDING_MAX; i += 1) await append(store, partition, 'a', entryOf(`i-${i}`));
    const { version } = await store.view(partition, 'a');
    expect(await store.appendPending(partition, 'a', version, entryOf('more'))).toBe('full');
    await store.removePending(partition, 'a', ['i-5']);
    await append(store, partition, 'a', entryOf('more'));
    const { pending } = await store.view(partition, 'a');
    expect(pending).toHaveLength(PENDING_MAX);
    expect(pending.at(-1)?.id).toBe('more');
  });

  it('changes the version with every change, and never goes back to an earlier one', async () => {
    const { store, partition } = parts();
    const versions: string[] = [];
    const look = async () => versions.push((await store.view(partition, 'a')).version);
    const steps: (() => Promise<unknown>)[] = [
      async () => undefined,
      () => store.commit(commitOf(partition, null, 1, { a: 'same' })),
      () => store.commit(commitOf(partition, 1, 2, { a: 'same' })),
      () => append(store, partition, 'a', entryOf('1')),
      () => store.removePending(partition, 'a', ['1']),
      () => append(store, partition, 'a', entryOf('1')),
      () => store.commit(commitOf(partition, 2, 3, {}, { folded: [{ key: 'a', ids: ['1'] }] })),
      () => store.commit(commitOf(partition, 3, 4, { a: null })),
      () => store.commit(commitOf(partition, 4, 5, { a: 'same' })),
      () => store.commit(commitOf(partition, 5, 6, { a: null })),
    ];
    for (const step of steps) {
      await step();
      await look();
    }
    expect(new Set(versions).size).toBe(steps.length);
    await store.commit(commitOf(partition, 6, 7, { other: 'x' }, { folded: [{ key: 'a', ids: ['never'] }] }));
    await store.touch(partition, { caughtUpAtMs: 1, policy: 'p' });
    await look();
    expect(versions.at(-1)).toBe(versions.at(-2));
  });
}

function racePromises(parts: () => ReturnType<Parts> & { open(): Promise<StateStore> }): void {
  it('lets exactly one of fifty parallel appenders win each version', async () => {
    const { store, partition, open } = parts();
    const other = await open();
    try {
      let left = Array.from({ length: 50 }, (_, i) => `racer-${i}`);
      for (let round = 1; left.length > 0; round += 1) {
        const { version } = await store.view(partition, 'a');
        const results = await Promise.all(
          left.map((id, i) => [store, other][i % 2]!.appendPending(partition, 'a', version, entryOf(id))),
        );
        expect(results.filter((result) => result === 'appended')).toHaveLength(1);
        left = left.filter((_, i) => results[i] !== 'appended');
      }
      expect((await store.view(partition, 'a')).pending).toHaveLength(50);
    } finally {
      if (other !== store) await other.close();
    }
  });

  it('lets one of a commit and an append win when both saw the same version', async () => {
    const { store, partition } = parts();
    let marker: number | null = null;
    for (let offset = 1; offset <= 50; offset += 1) {
      const { version } = await store.view(partition, 'a');
      const commit = () => store.commit(commitOf(partition, marker, offset, { a: `s${offset}` }));
      const appended = () => store.appendPending(partition, 'a', version, entryOf(`i-${offset}`));
      const both = offset % 2 ? [commit(), appended()] : [appended(), commit()];
      const results = await Promise.all<unknown>(both);
      const won = results.includes('appended');
      expect(results).toContainEqual({ ok: true });
      // An append that won was ordered before the commit: it did not judge a state it had not seen.
      expect(won).toBe(offset % 2 === 0);
      marker = offset;
    }
  });

  it('lets exactly one of many writers with the same marker win', async () => {
    const { store, partition } = parts();
    let marker: number | null = null;
    for (let offset = 1; offset <= 20; offset += 1) {
      const from: number | null = marker;
      const attempts = Array.from({ length: 8 }, (_, i) =>
        store.commit({ ...commitOf(partition, from, offset, { a: `${i}`, b: `${i}` }) }),
      );
      const results = await Promise.all(attempts);
      expect(results.filter(({ ok }) => ok)).toHaveLength(1);
      const winner = String(results.findIndex(({ ok }) => ok));
      expect(texts(await store.load(partition, ['a', 'b']))).toEqual([winner, winner]);
      marker = offset;
    }
  });
}

function otherPromises(parts: Parts): void {
  it('finds the agent of a task, from a commit or from an append', async () => {
    const { store, partition } = parts();
    expect(await store.taskAgent(partition, 't-1')).toBeNull();
    const tasks = [{ task: 't-1', key: 'default|é', ttlMs: HOUR_MS }];
    await store.commit(commitOf(partition, null, 1, {}, { tasks }));
    const { version } = await store.view(partition, 'b');
    const task = { task: 't-2', ttlMs: HOUR_MS };
    expect(await store.appendPending(partition, 'b', version, entryOf('1'), task)).toBe('appended');
    const conflicting = { task: 't-3', ttlMs: HOUR_MS };
    expect(await store.appendPending(partition, 'b', version, entryOf('2'), conflicting)).toBe('conflict');
    expect(await store.taskAgent(partition, 't-1')).toBe('default|é');
    expect(await store.taskAgent(partition, 't-2')).toBe('b');
    expect(await store.taskAgent(partition, 't-3')).toBeNull();
  });

  it('pins a value once', async () => {
    const { store } = parts();
    const name = `partitions-${randomUUID()}`;
    await store.pin(name, '8');
    await store.pin(name, '8');
    await expect(store.pin(name, '16')).rejects.toMatchObject({
      code: 'DL_STORE_PINNED',
      message: expect.stringMatching(/"8".*"16"/) as string,
    });
  });

  it('shows how current a partition is with every view', async () => {
    const { store, partition } = parts();
    await store.touch(partition, { caughtUpAtMs: 123, policy: 'abc' });
    await store.touch(partition, { caughtUpAtMs: 456, policy: 'def' });
    expect((await store.view(partition, 'anyone')).currency).toEqual({ caughtUpAtMs: 456, policy: 'def' });
  });

  it('lists every key of a partition once', async () => {
    const { store, partition } = parts();
    const keys = Array.from({ length: 2_500 }, (_, i) => `agent-${i}`);
    await store.commit(commitOf(partition, null, 1, Object.fromEntries(keys.map((key) => [key, key]))));
    await append(store, partition, 'only-pending', entryOf('1'));
    expect(await collect(store.keys(partition))).toEqual([...keys].sort());
  });

  it('passes its own check', async () => {
    await expect(parts().store.check()).resolves.toBeUndefined();
  });
}

/** Appends whatever the version is by now. */
export async function append(
  store: StateStore,
  partition: PartitionId,
  key: string,
  entry: PendingEntry,
): Promise<void> {
  const { version } = await store.view(partition, key);
  expect(await store.appendPending(partition, key, version, entry)).toBe('appended');
}
