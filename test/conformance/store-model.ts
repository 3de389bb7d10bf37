/**
 * Random sequences of calls, run against a store and against a few Maps that say what the answers must be.
 * Commands are small and keys are few, so that they meet.
 */
import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { PENDING_MAX, type CommitRequest, type Marker, type PartitionId, type StateStore } from '#store';
import { collect, entryOf, markerAt } from './store.js';

const KEYS = ['a', 'b', 'default|é/{x}'] as const;
const HOUR_MS = 3_600_000;
const RUNS = 60;
const COMMANDS_MAX = 60;

interface Model {
  marker: Marker | null;
  states: Map<string, string>;
  pending: Map<string, string[]>;
  tasks: Map<string, string>;
  /** Changes of state and pending list per agent, and the version last seen at which change. */
  changes: Map<string, number>;
  seen: Map<string, { version: string; changes: number }>;
}
interface Real {
  store: StateStore;
  partition: PartitionId;
}
type Command = fc.AsyncCommand<Model, Real>;

const key = fc.constantFrom(...KEYS);
const offset = fc.integer({ min: 0, max: 3 });
const id = fc.constantFrom('1', '2', '3', '4');

function bump(model: Model, key: string): void {
  model.changes.set(key, (model.changes.get(key) ?? 0) + 1);
}

function command(text: string, run: (model: Model, real: Real) => Promise<void>): Command {
  return { check: () => true, run, toString: () => text };
}

/** Commits, sometimes with a marker that is not the actual one. */
const commits = fc
  .record({
    stale: fc.boolean(),
    next: offset,
    states: fc.dictionary(key, fc.option(fc.string({ maxLength: 8 })), { maxKeys: 3 }),
    folded: fc.dictionary(key, fc.array(id, { maxLength: 3 }), { maxKeys: 2 }),
    task: fc.option(key),
  })
  .map(({ stale, next, states, folded, task }) =>
    command(
      `commit ${JSON.stringify({ stale, next, states, folded, task })}`,
      async (model, { store, partition }) => {
        const request: CommitRequest = {
          partition,
          expected: stale ? { ...markerAt(next), logId: 'another' } : model.marker,
          next: markerAt(next),
          states: Object.entries(states).map(([key, text]) => ({
            key,
            state: text === null ? null : Buffer.from(text),
            ttlMs: HOUR_MS,
          })),
          folded: Object.entries(folded).map(([key, ids]) => ({ key, ids })),
          tasks: task === null ? [] : [{ task: `t-${next}`, key: task, ttlMs: HOUR_MS }],
        };
        const expected = stale ? { ok: false, marker: model.marker } : { ok: true };
        assert.deepEqual(await store.commit(request), expected);
        if (!stale) applyCommit(model, request);
      },
    ),
  );

function applyCommit(model: Model, request: CommitRequest): void {
  model.marker = request.next;
  for (const { key, state } of request.states) {
    if (state === null) model.states.delete(key);
    else model.states.set(key, Buffer.from(state).toString());
    bump(model, key);
  }
  for (const { key, ids } of request.folded) forget(model, key, ids);
  for (const { task, key } of request.tasks) model.tasks.set(task, key);
}

function forget(model: Model, key: string, ids: string[]): void {
  const before = model.pending.get(key) ?? [];
  const left = before.filter((entry) => !ids.includes(entry));
  model.pending.set(key, left);
  if (left.length < before.length) bump(model, key);
}

/** Appends with the version last seen, which may be an old one. */
const appends = fc.record({ key, id, task: fc.boolean() }).map(({ key, id, task }) =>
  command(`append ${key} ${id} ${task}`, async (model, { store, partition }) => {
    const seen = model.seen.get(key);
    if (!seen) return;
    const index = task ? { task: `t-${id}`, ttlMs: HOUR_MS } : undefined;
    const pending = model.pending.get(key) ?? [];
    const current = seen.changes === (model.changes.get(key) ?? 0);
    const result = await store.appendPending(partition, key, seen.version, entryOf(id), index);
    assert.equal(result, current ? (pending.length >= PENDING_MAX ? 'full' : 'appended') : 'conflict');
    if (result !== 'appended') return;
    model.pending.set(key, [...pending.filter((other) => other !== id), id]);
    if (task) model.tasks.set(`t-${id}`, key);
    bump(model, key);
  }),
);

const removals = fc.record({ key, ids: fc.array(id, { maxLength: 3 }) }).map(({ key, ids }) =>
  command(`remove ${key} ${ids.join()}`, async (model, { store, partition }) => {
    await store.removePending(partition, key, ids);
    forget(model, key, ids);
  }),
);

const views = key.map((key) =>
  command(`view ${key}`, async (model, { store, partition }) => {
    const view = await store.view(partition, key);
    assert.equal(view.state && Buffer.from(view.state).toString(), model.states.get(key) ?? null);
    assert.deepEqual(
      view.pending.map(({ id }) => id),
      model.pending.get(key) ?? [],
    );
    const changes = model.changes.get(key) ?? 0;
    const seen = model.seen.get(key);
    if (seen) assert.equal(view.version === seen.version, seen.changes === changes);
    model.seen.set(key, { version: view.version, changes });
  }),
);

const reads = fc.constant(
  command('read everything', async (model, { store, partition }) => {
    assert.deepEqual(await store.marker(partition), model.marker);
    const states = await store.load(partition, [...KEYS]);
    const expected = KEYS.map((key) => model.states.get(key) ?? null);
    assert.deepEqual(
      states.map((state) => state && Buffer.from(state).toString()),
      expected,
    );
    assert.deepEqual(await collect(store.keys(partition)), [...model.states.keys()].sort());
    for (const [task, key] of model.tasks) assert.equal(await store.taskAgent(partition, task), key);
  }),
);

/** Fails with the shortest sequence of calls that the store answers otherwise than the model. */
export async function storeBehavesLikeModel(store: StateStore, fresh: () => PartitionId): Promise<void> {
  const commands = fc.commands([commits, appends, appends, removals, views, views, reads], {
    maxCommands: COMMANDS_MAX,
    size: 'max',
  });
  const property = fc.asyncProperty(commands, (sequence) =>
    fc.asyncModelRun(() => {
      const model: Model = {
        marker: null,
        states: new Map(),
        pending: new Map(),
        tasks: new Map(),
        changes: new Map(),
        seen: new Map(),
      };
      return { model, real: { store, partition: fresh() } };
    }, sequence),
  );
  await fc.assert(property, { numRuns: RUNS });
}
