/**
 * The store of one machine: LMDB in one process. Every write is a transaction that is acknowledged after it was
 * flushed to disk (`overlappingSync` off); writes that arrive while one is being flushed go into the next one together.
 * One process at a time: whoever opens it holds the lock of the data directory.
 */
import { open, type Database, type RootDatabase } from 'lmdb';
import { mkdirSync } from 'node:fs';
import { StoreError } from '../errors.js';
import { PENDING_TTL_MS, checkCommit, checkPending } from '../limits.js';
import {
  PENDING_MAX,
  type AppendPendingResult,
  type CommitRequest,
  type CommitResult,
  type Currency,
  type DecisionView,
  type Marker,
  type PartitionId,
  type PendingEntry,
  type StateStore,
} from '../port.js';
import { sameMarker } from '../marker.js';
import { freshStamp, versionOf } from '../stamp.js';
import {
  decodeState,
  encodeState,
  partitionRange,
  recordKey,
  type PendingRecord,
  type StateRecord,
  type TaskRecord,
} from './records.js';
import { Sweeper } from './sweep.js';

/** How often expired records are looked for. They are invisible as soon as they expire; this only frees the space. */
const SWEEP_EVERY_MS = 10_000;
const MAX_READERS = 64;
/** States read per step by `keys`, so that no read transaction stays open while the caller works. */
const KEYS_PAGE = 256;

export interface EmbeddedStoreOptions {
  /** Created when missing. Holds `data.mdb` and LMDB's own lock file. */
  dir: string;
  /** The clock that expiry is judged with. Tests set it. */
  now?: () => number;
}

/** Opens the store in `dir`. Same promises as Redis's, plus: what was acknowledged survives a power cut. */
export async function openEmbeddedStore(options: EmbeddedStoreOptions): Promise<EmbeddedStore> {
  mkdirSync(options.dir, { recursive: true });
  const root = open<Buffer, Buffer>({
    path: options.dir,
    keyEncoding: 'binary',
    encoding: 'binary',
    overlappingSync: false,
    maxDbs: 8,
    maxReaders: MAX_READERS,
  });
  return new EmbeddedStore(root, options.now ?? Date.now);
}

export class EmbeddedStore implements StateStore {
  readonly #states: Database<Buffer, Buffer>;
  readonly #pending: Database<PendingRecord, Buffer>;
  readonly #tasks: Database<TaskRecord, Buffer>;
  readonly #markers: Database<Marker, Buffer>;
  readonly #currency: Database<Currency, Buffer>;
  readonly #pins: Database<string, Buffer>;
  readonly #sweepers: { run(nowMs: number): void }[];
  readonly #sweepTimer: NodeJS.Timeout;
  #sweeping: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(
    private readonly root: RootDatabase<Buffer, Buffer>,
    private readonly now: () => number,
  ) {
    this.#states = root.openDB({ name: 'states', encoding: 'binary', keyEncoding: 'binary' });
    this.#pending = root.openDB({ name: 'pending', encoding: 'msgpack', keyEncoding: 'binary' });
    this.#tasks = root.openDB({ name: 'tasks', encoding: 'msgpack', keyEncoding: 'binary' });
    this.#markers = root.openDB({ name: 'markers', encoding: 'msgpack', keyEncoding: 'binary' });
    this.#currency = root.openDB({ name: 'currency', encoding: 'msgpack', keyEncoding: 'binary' });
    this.#pins = root.openDB({ name: 'pins', encoding: 'msgpack', keyEncoding: 'binary' });
    this.#sweepers = [
      new Sweeper(this.#states, (value) => decodeState(value).expiresAtMs),
      new Sweeper(this.#pending, (value) => value.expiresAtMs),
      new Sweeper(this.#tasks, (value) => value.expiresAtMs),
    ];
    this.#sweepTimer = setInterval(() => this.#sweepSoon(), SWEEP_EVERY_MS).unref();
  }

  async check(): Promise<void> {
    this.#assertOpen();
  }

  async pin(name: string, value: string): Promise<void> {
    const stored = await this.#write(() => {
      const before = this.#pins.get(Buffer.from(name));
      if (before === undefined) void this.#pins.put(Buffer.from(name), value);
      return before ?? value;
    });
    if (stored !== value) throw pinned(name, stored, value);
  }

  async marker(partition: PartitionId): Promise<Marker | null> {
    this.#assertOpen();
    return this.#markers.get(Buffer.from(partition)) ?? null;
  }

  async load(partition: PartitionId, keys: string[]): Promise<(Uint8Array | null)[]> {
    this.#assertOpen();
    return keys.map((key) => this.#live(partition, key)?.state ?? null);
  }

  async commit(request: CommitRequest): Promise<CommitResult> {
    checkCommit(request);
    return this.#write(() => {
      const marker = this.#markers.get(Buffer.from(request.partition)) ?? null;
      if (!sameMarker(marker, request.expected)) return { ok: false, marker };
      this.#apply(request);
      return { ok: true };
    });
  }

  async touch(partition: PartitionId, currency: Currency): Promise<void> {
    await this.#write(() => void this.#currency.put(Buffer.from(partition), currency));
  }

  async view(partition: PartitionId, key: string): Promise<DecisionView> {
    this.#assertOpen();
    const state = this.#live(partition, key);
    const pending = this.#livePending(recordKey(partition, key));
    return {
      state: state?.state ?? null,
      pending: pending?.entries ?? [],
      version: versionOf(state?.stamp ?? null, pending?.stamp ?? null),
      currency: this.#currency.get(Buffer.from(partition)) ?? null,
    };
  }

  async appendPending(
    partition: PartitionId,
    key: string,
    version: string | null,
    entry: PendingEntry,
    task?: { task: string; ttlMs: number },
  ): Promise<AppendPendingResult> {
    checkPending(entry, task);
    const at = recordKey(partition, key);
    return this.#write(() => {
      const pending = this.#livePending(at);
      const stamp = this.#live(partition, key)?.stamp ?? null;
      if (version !== null && versionOf(stamp, pending?.stamp ?? null) !== version) return 'conflict';
      const entries = pending?.entries ?? [];
      if (version === null && entries.some(({ id }) => id === entry.id)) return 'appended';
      if (entries.length >= PENDING_MAX) return 'full';
      const others = entries.filter((other) => other.id !== entry.id);
      this.#putPending(at, freshStamp(), [...others, entry]);
      if (task) this.#putTask(partition, task.task, key, task.ttlMs);
      return 'appended';
    });
  }

  async removePending(partition: PartitionId, key: string, ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    await this.#write(() => this.#forget(recordKey(partition, key), ids, freshStamp()));
  }

  async taskAgent(partition: PartitionId, task: string): Promise<string | null> {
    this.#assertOpen();
    const record = this.#tasks.get(recordKey(partition, task));
    return record !== undefined && record.expiresAtMs > this.now() ? record.key : null;
  }

  async *keys(partition: PartitionId): AsyncIterable<string> {
    const { start, end } = partitionRange(partition);
    let from = start;
    for (;;) {
      this.#assertOpen();
      const page = [...this.#states.getRange({ start: from, end, limit: KEYS_PAGE })];
      for (const { value } of page) {
        const record = decodeState(value);
        if (record.expiresAtMs > this.now()) yield record.key;
      }
      const last = page.at(-1);
      if (last === undefined || page.length < KEYS_PAGE) return;
      from = after(last.key);
    }
  }

  /** Frees the space of some expired records and remembers where to go on. Runs by itself on a timer. */
  async sweep(): Promise<void> {
    await this.#write(() => {
      for (const sweeper of this.#sweepers) sweeper.run(this.now());
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#sweepTimer);
    await this.#sweeping;
    await this.root.close();
  }

  /** A sweep that fails frees nothing and loses nothing: whatever the cause, the next write reports it. */
  #sweepSoon(): void {
    this.#sweeping = this.sweep().catch(() => undefined);
  }

  #apply(request: CommitRequest): void {
    const { partition } = request;
    const stamp = freshStamp();
    for (const write of request.states) this.#putState(partition, write, stamp);
    for (const { key, ids } of request.folded) this.#forget(recordKey(partition, key), ids, stamp);
    for (const { task, key, ttlMs } of request.tasks) this.#putTask(partition, task, key, ttlMs);
    void this.#markers.put(Buffer.from(partition), request.next);
  }

  #putState(partition: PartitionId, write: CommitRequest['states'][number], stamp: Buffer): void {
    const at = recordKey(partition, write.key);
    if (write.state === null) {
      void this.#states.remove(at);
      // An agent without state must not look as it did before it had one.
      this.#putPending(at, stamp, this.#livePending(at)?.entries ?? []);
      return;
    }
    const expiresAtMs = this.now() + write.ttlMs;
    void this.#states.put(at, encodeState({ stamp, expiresAtMs, key: write.key, state: write.state }));
  }

  #forget(at: Buffer, ids: string[], stamp: Buffer): void {
    const pending = this.#livePending(at);
    if (pending === null) return;
    const left = pending.entries.filter((entry) => !ids.includes(entry.id));
    if (left.length < pending.entries.length) this.#putPending(at, stamp, left);
  }

  #putPending(at: Buffer, stamp: Uint8Array, entries: PendingEntry[]): void {
    void this.#pending.put(at, { stamp, entries, expiresAtMs: this.now() + PENDING_TTL_MS });
  }

  #putTask(partition: PartitionId, task: string, key: string, ttlMs: number): void {
    void this.#tasks.put(recordKey(partition, task), { key, expiresAtMs: this.now() + ttlMs });
  }

  #live(partition: PartitionId, key: string): StateRecord | null {
    const bytes = this.#states.get(recordKey(partition, key));
    const record = bytes === undefined ? null : decodeState(bytes);
    return record !== null && record.expiresAtMs > this.now() ? record : null;
  }

  #livePending(at: Buffer): PendingRecord | null {
    const record = this.#pending.get(at) ?? null;
    return record !== null && record.expiresAtMs > this.now() ? record : null;
  }

  /** Runs `action` in a write transaction; resolves with its result after the flush. */
  async #write<T>(action: () => T): Promise<T> {
    this.#assertOpen();
    try {
      // A child transaction, because only that is rolled back when `action` throws half-way.
      return await this.root.childTransaction(action);
    } catch (cause) {
      if (cause instanceof StoreError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new StoreError('DL_STORE_UNAVAILABLE', `the embedded store could not write: ${reason}`, {
        cause,
      });
    }
  }

  #assertOpen(): void {
    if (this.#closed)
      throw new StoreError('DL_STORE_CLOSED', 'the embedded store was closed before this call');
  }
}

/** The smallest key beyond `key`. */
function after(key: Buffer): Buffer {
  return Buffer.concat([key, Buffer.alloc(1)]);
}

function pinned(name: string, stored: string, given: string): StoreError {
  return new StoreError(
    'DL_STORE_PINNED',
    `${name} is pinned to "${stored}" in the embedded store, got "${given}": ` +
      'use the data directory that belongs to this log, or start with an empty one',
  );
}
