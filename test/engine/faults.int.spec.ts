import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { TOPICS } from '#activity/types';
import { rebuildPartition } from '#engine';
import { openRedisStore, StoreError, type Marker, type StateStore } from '#store';
import type { EmbeddedLog } from '#stream';
import { startProxy, type Proxy as FaultyWire } from '../servers/proxy.js';
import { startRedis, type RedisServer } from '../servers/redis.js';
import {
  alerts,
  cleanReplay,
  folded,
  modes,
  openGround,
  PARTITIONS,
  Reporter,
  revocations,
  send,
  storedStates,
  type Ground,
} from './harness.js';

/** Partitions of the activity topic, as the store names them. */
const ids = Array.from({ length: PARTITIONS }, (_, partition) => `activity/${partition}` as const);

/** Commands counted by id: however often it was published, it is one command with one content. */
async function expectOneContentPerId(ground: Ground): Promise<void> {
  const contents = new Map<string, string>();
  for (const revocation of await revocations(ground.log)) {
    const content = JSON.stringify(revocation);
    expect(contents.get(revocation.id) ?? content).toBe(content);
    contents.set(revocation.id, content);
  }
  expect(contents.size).toBeGreaterThan(0);
}

describe.each(modes())('the marker (%s)', (mode) => {
  let ground: Ground;
  beforeEach(async () => {
    ground = await openGround(mode, { batchEvents: 50 });
  });
  afterEach(() => ground.close());

  it('lets two writers of one partition end in the state of one', async () => {
    const { log, config } = ground;
    // Batches of another size, so that the two disagree about the marker.
    const zombie = { ...config, engine: { ...config.engine, group: 'zombie', batchEvents: 33 } };
    const [first, second] = [await ground.start(), await ground.start({ config: zombie })];
    const reporter = new Reporter();
    for (let i = 0; i < 10; i += 1) await send(log, reporter.calls(200, 20, 60));
    await folded(ground);
    await ground.stopEngines();
    expect(await storedStates(ground.store)).toEqual(await cleanReplay(ground.log));
    await expectOneContentPerId(ground);
    const texts = await Promise.all([first, second].map((engine) => engine.metrics.text()));
    const repositioned = texts.some((text) =>
      /driftline_repositioned_total\{partition="\d"\} [1-9]/.test(text),
    );
    expect(repositioned).toBe(true);
  });

  it('takes a marker that is its own write for a reply that was lost', async () => {
    const { log, store } = ground;
    const engine = await ground.start({ store: losing(store, 3) });
    const reporter = new Reporter();
    for (let i = 0; i < 6; i += 1) await send(log, reporter.calls(200, 20, 60));
    await folded(ground);
    expect(await storedStates(ground.store)).toEqual(await cleanReplay(ground.log));
    await expectOneContentPerId(ground);
    const text = await engine.metrics.text();
    expect(text).toMatch(/driftline_store_errors_total\{code="DL_STORE_TIMEOUT"\} [1-9]/);
    expect(text).not.toMatch(/driftline_repositioned_total\{/);
  });

  it('folds again what a store that fell back has lost', async () => {
    const { log, store } = ground;
    await ground.start();
    const reporter = new Reporter();
    await send(log, reporter.calls(300, 10, 70));
    await folded(ground);
    const old = await snapshot(store);
    await send(log, reporter.calls(300, 15, 70));
    await folded(ground);
    await fallBack(store, old);
    // One agent of each partition acts; what the others did has to be folded again all the same.
    await send(
      log,
      ['agent-0', 'agent-1', 'agent-4', 'agent-9'].map((agent) => reporter.call(agent)),
    );
    await folded(ground);
    expect(await storedStates(ground.store)).toEqual(await cleanReplay(ground.log));
    await expectOneContentPerId(ground);
  });
});

describe.each(modes())('a log that is not the one that was folded (%s)', (mode) => {
  let ground: Ground;
  beforeEach(async () => {
    ground = await openGround(mode);
    await ground.start();
    await send(ground.log, new Reporter().calls(200, 20, 60));
    await folded(ground);
    await ground.stopEngines();
  });
  afterEach(() => ground.close());

  it.each([
    [
      'another record',
      'DL_ENGINE_RECORD_CHANGED',
      (marker: Marker) => ({ ...marker, checksum: '0'.repeat(16) }),
    ],
    ['another log', 'DL_ENGINE_LOG_CHANGED', (marker: Marker) => ({ ...marker, logId: 'another' })],
    [
      'one that ends before',
      'DL_ENGINE_MARKER_PAST_END',
      (marker: Marker) => ({ ...marker, offset: 10_000 }),
    ],
  ])('stops that partition for %s, loudly, while the others go on', async (_name, code, changed) => {
    const { log, store } = ground;
    const [id, marker] = [ids[1]!, (await store.marker(ids[1]!))!];
    await move(store, id, marker, changed(marker));
    const engine = await ground.start();
    const reporter = new Reporter();
    await send(log, reporter.calls(200, 20, 60));
    await foldedExcept(ground, 1);
    expect(engine.halted()).toEqual([expect.objectContaining({ partition: 1, code })]);
    expect(await store.marker(id)).toEqual(changed(marker));
    expect(await engine.metrics.text()).toContain(
      `driftline_partition_halted{partition="1",code="${code}"} 1`,
    );
    const alarm = (await alerts(log)).find(({ title }) => title.includes(code));
    expect(alarm).toMatchObject({ level: 'critical', agent: '' });
    await ground.stopEngines();
    await rebuildPartition({ log, store }, TOPICS.activity, 1, id);
    await ground.start();
    await folded(ground);
    expect(await storedStates(ground.store)).toEqual(await cleanReplay(ground.log));
  });

  it('stops every partition when their number changed', async () => {
    const { config, log, store } = ground;
    const other = counting(store, 'activity-partitions', '9');
    const engine = await ground.start({ config, log, store: other });
    await expect.poll(() => engine.halted().length, { timeout: 10_000 }).toBe(PARTITIONS);
    expect(new Set(engine.halted().map(({ code }) => code))).toEqual(
      new Set(['DL_ENGINE_PARTITIONS_CHANGED']),
    );
  });

  it('stops where the policy that judged is not to be had', async () => {
    const { store } = ground;
    const id = ids[2]!;
    const marker = (await store.marker(id))!;
    const record = Buffer.from(JSON.stringify({ policy: 'f'.repeat(64) }));
    const states = [{ key: 'partition', state: record, ttlMs: 60_000 }];
    const request = { partition: id, expected: marker, next: marker, states, folded: [], tasks: [] };
    expect(await store.commit(request)).toEqual({ ok: true });
    const engine = await ground.start();
    await expect
      .poll(() => engine.halted(), { timeout: 20_000 })
      .toEqual([expect.objectContaining({ partition: 2, code: 'DL_ENGINE_POLICY_UNKNOWN' })]);
  });
});

describe('a log that starts after the marker (embedded)', () => {
  it('stops the partition rather than jump', async () => {
    const clock = { aheadMs: 0 };
    const ground = await openGround('embedded', {}, clock);
    try {
      await ground.start();
      await send(ground.log, new Reporter().calls(200, 20));
      await folded(ground);
      await ground.stopEngines();
      // Retention takes everything there is, and what comes next is all that the log holds.
      await send(ground.log, new Reporter().calls(200, 20));
      clock.aheadMs = 8 * 86_400_000;
      await (ground.log as EmbeddedLog).maintain();
      clock.aheadMs = 0;
      const engine = await ground.start();
      await expect.poll(() => engine.halted().length, { timeout: 10_000 }).toBe(PARTITIONS);
      expect(new Set(engine.halted().map(({ code }) => code))).toEqual(new Set(['DL_ENGINE_LOG_TRUNCATED']));
    } finally {
      await ground.close();
    }
  });
});

describe.skipIf(inject('redisServer') === '' || inject('kafkaBrokers') === '')(
  'Redis that fails (servers)',
  () => {
    let ground: Ground;
    /** `store` is the engine's, through the wire that fails; `ground.store` is the test's own, past it. */
    let [redis, proxy, store]: [RedisServer, FaultyWire, StateStore] = [] as never;
    beforeEach(async () => {
      ground = await openGround('servers', { batchEvents: 50 });
      redis = await startRedis();
      proxy = await startProxy({ target: { host: redis.host, port: redis.port } });
      const at = (port: number) =>
        openRedisStore({ nodes: [`127.0.0.1:${port}`], layout: 'standalone', database: 0 });
      store = await at(proxy.port);
      await ground.store.close();
      ground.store = await at(redis.port);
    });
    afterEach(async () => {
      await ground.close();
      await store.close();
      await proxy.stop();
      await redis.stop();
    });

    it.each(['refuse', 'blackhole', 'dropReplies'] as const)(
      'waits with its place while it is away (%s) and goes on',
      async (fault) => {
        const engine = await ground.start({ store });
        const reporter = new Reporter();
        await send(ground.log, reporter.calls(200, 20, 60));
        await folded(ground);
        proxy.mode(fault);
        await send(ground.log, reporter.calls(400, 20, 60));
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        proxy.mode('cut');
        const backAtMs = Date.now();
        await send(ground.log, reporter.calls(200, 20, 60));
        await folded(ground);
        expect(Date.now() - backAtMs).toBeLessThan(5_000);
        expect(await storedStates(ground.store)).toEqual(await cleanReplay(ground.log));
        await expectOneContentPerId(ground);
        expect(await engine.metrics.text()).toMatch(
          /driftline_store_errors_total\{code="DL_STORE_\w+"\} [1-9]/,
        );
      },
    );

    it('builds state again from the log when it lost everything', async () => {
      await ground.start({ store });
      const reporter = new Reporter();
      await send(ground.log, reporter.calls(300, 20, 60));
      await folded(ground);
      await redis.kill();
      await redis.restart();
      await send(ground.log, reporter.calls(300, 20, 60));
      await folded(ground);
      expect(await storedStates(ground.store)).toEqual(await cleanReplay(ground.log));
      await expectOneContentPerId(ground);
    });
  },
);

/** A store whose every n-th commit is applied and not answered. */
function losing(store: StateStore, every: number): StateStore {
  let commits = 0;
  return wrapped(store, {
    commit: async (request) => {
      const result = await store.commit(request);
      if ((commits += 1) % every === 0) throw new StoreError('DL_STORE_TIMEOUT', 'the reply was lost');
      return result;
    },
  });
}

/** A store in which `name` was pinned to `value` before. */
function counting(store: StateStore, name: string, value: string): StateStore {
  return wrapped(store, {
    pin: async (pinned, asked) => {
      if (pinned === name && asked !== value) throw new StoreError('DL_STORE_PINNED', `${name} is ${value}`);
      return store.pin(pinned, asked);
    },
  });
}

function wrapped(store: StateStore, overrides: Partial<StateStore>): StateStore {
  return new Proxy(store, {
    get(target, name: keyof StateStore) {
      const own = overrides[name] ?? target[name];
      return typeof own === 'function' ? own.bind(target) : own;
    },
  });
}

async function move(store: StateStore, id: (typeof ids)[number], from: Marker, to: Marker): Promise<void> {
  const request = { partition: id, expected: from, next: to, states: [], folded: [], tasks: [] };
  expect(await store.commit(request)).toEqual({ ok: true });
}

type Snapshot = { marker: Marker | null; states: Map<string, Uint8Array> }[];

async function snapshot(store: StateStore): Promise<Snapshot> {
  return Promise.all(
    ids.map(async (id) => {
      const states = new Map<string, Uint8Array>();
      for await (const key of store.keys(id)) {
        const [bytes] = await store.load(id, [key]);
        if (bytes) states.set(key, Uint8Array.from(bytes));
      }
      return { marker: await store.marker(id), states };
    }),
  );
}

/** What a replica that lagged holds when it is promoted: older states with their older marker. */
async function fallBack(store: StateStore, old: Snapshot): Promise<void> {
  for (const [i, id] of ids.entries()) {
    const { marker, states } = old[i]!;
    const writes = [];
    for await (const key of store.keys(id))
      writes.push({ key, state: states.get(key) ?? null, ttlMs: 60_000_000 });
    const expected = await store.marker(id);
    const request = { partition: id, expected, next: marker!, states: writes, folded: [], tasks: [] };
    expect(await store.commit(request)).toEqual({ ok: true });
  }
}

async function foldedExcept(ground: Ground, halted: number): Promise<void> {
  for (const [partition, id] of ids.entries()) {
    if (partition === halted) continue;
    const { end } = await ground.log.bounds(TOPICS.activity, partition);
    await expect.poll(() => ground.store.marker(id), { timeout: 20_000 }).toMatchObject({ offset: end - 1 });
  }
}
