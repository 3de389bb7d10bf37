/**
 * The store on Redis: standalone, behind Sentinel, or Cluster. A batch is one `MGET` and one script.
 *
 * A write whose answer was lost may have been executed. Nothing is sent twice by itself; the caller finds out:
 * after `DL_STORE_TIMEOUT` of a commit, `marker()` equals `next` if it was executed and `expected` if it was not; after
 * that of an append, a fresh `view` shows the entry or not. A commit that was executed and is sent again gets
 * `{ ok: false, marker: next }`, which means the same.
 */
import { randomUUID } from 'node:crypto';
import { Cluster, type Redis } from 'ioredis';
import type { RedisConfig } from '#config';
import type { Logger } from '#telemetry';
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
import { STAMP_BYTES, freshStamp, stampsOf, versionOf } from '../stamp.js';
import { checkEviction } from './check.js';
import { BATCH_DEADLINE_MS, POINT_DEADLINE_MS, createClient } from './client.js';
import { commitArguments } from './commit-arguments.js';
import { Connection } from './connection.js';
import { DEFAULT_KEY_PREFIX, Keys, globLiteral } from './keys.js';
import { decodePending, encodeEntry } from './pending.js';

/** How long opening waits for the first connection before it leaves that to the calls. */
const SETTLE_MS = 2_000;
const SCAN_COUNT = 1_000;
const RESULTS: Record<number, AppendPendingResult> = { 1: 'appended', 0: 'conflict', [-1]: 'full' };

export interface RedisStoreOptions {
  logger?: Logger;
  /** What all keys begin with; another prefix is another store. */
  keyPrefix?: string;
  /** What `CLIENT LIST` shows. */
  connectionName?: string;
}

/**
 * Connects. A Redis that is away is no error here: calls fail within milliseconds until it is back. Call `check` before
 * relying on it.
 */
export async function openRedisStore(
  config: RedisConfig,
  options: RedisStoreOptions = {},
): Promise<RedisStore> {
  const client = createClient(config, options.connectionName ?? `driftline-${randomUUID().slice(0, 8)}`);
  const connection = new Connection(client, options.logger);
  await connection.settle(SETTLE_MS);
  return new RedisStore(connection, new Keys(options.keyPrefix ?? DEFAULT_KEY_PREFIX));
}

/** In place of the stamps of a version: whatever they are. No stamp is as short. */
const ANY = { state: '*', pending: '*' };

export class RedisStore implements StateStore {
  constructor(
    private readonly connection: Connection,
    private readonly keysOf: Keys,
  ) {}

  async check(): Promise<void> {
    await this.connection.call('the check', BATCH_DEADLINE_MS, (client) => checkEviction(client));
    // Proves that scripts may run and reads are allowed.
    await this.view('activity/0', 'check');
  }

  async pin(name: string, value: string): Promise<void> {
    const stored = await this.#point('a pin', (client) =>
      client.driftlinePin([this.keysOf.pin(name)], [value]),
    );
    if (stored === value) return;
    throw new StoreError(
      'DL_STORE_PINNED',
      `${name} is pinned to "${stored}" in Redis, got "${value}": use the Redis that belongs to this log, or an empty one`,
    );
  }

  async marker(partition: PartitionId): Promise<Marker | null> {
    const text = await this.#point('reading a marker', (client) => client.get(this.keysOf.marker(partition)));
    return text === null ? null : parseStored<Marker>(text, 'marker', partition);
  }

  async load(partition: PartitionId, keys: string[]): Promise<(Uint8Array | null)[]> {
    if (keys.length === 0) return [];
    const names = keys.map((key) => this.keysOf.state(partition, key));
    const values = await this.connection.call('a load', BATCH_DEADLINE_MS, (client) =>
      client.mgetBuffer(names),
    );
    return values.map((value) => value && value.subarray(STAMP_BYTES));
  }

  async commit(request: CommitRequest): Promise<CommitResult> {
    checkCommit(request);
    const { keys, args } = commitArguments(request, this.keysOf);
    const [done, marker] = await this.connection.call('a commit', BATCH_DEADLINE_MS, (client) =>
      client.driftlineCommit(keys.length, keys, args),
    );
    if (done === 1) return { ok: true };
    return { ok: false, marker: marker ? parseStored<Marker>(marker, 'marker', request.partition) : null };
  }

  async touch(partition: PartitionId, currency: Currency): Promise<void> {
    const key = this.keysOf.currency(partition);
    await this.#point('a touch', (client) => client.set(key, JSON.stringify(currency)));
  }

  async view(partition: PartitionId, key: string): Promise<DecisionView> {
    const { keysOf } = this;
    const names = [keysOf.state(partition, key), keysOf.pending(partition, key), keysOf.currency(partition)];
    const [state, hash, currency] = await this.#point('a view', (client) =>
      client.driftlineViewBuffer(names, []),
    );
    const { entries, stamp } = decodePending(hash);
    return {
      state: state && state.subarray(STAMP_BYTES),
      pending: entries,
      version: versionOf(state && state.subarray(0, STAMP_BYTES), stamp),
      currency: currency && parseStored<Currency>(currency.toString(), 'currency', partition),
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
    const { keysOf } = this;
    const stamps = version === null ? ANY : stampsOf(version);
    const keys = [keysOf.state(partition, key), keysOf.pending(partition, key)];
    const args = [
      stamps.state,
      stamps.pending,
      freshStamp(),
      PENDING_MAX,
      PENDING_TTL_MS,
      entry.id,
      encodeEntry(entry),
    ];
    if (task) {
      keys.push(keysOf.task(partition, task.task));
      args.push(key, Math.trunc(task.ttlMs));
    }
    const result = await this.#point('an append', (client) =>
      client.driftlineAppend(keys.length, keys, args),
    );
    return RESULTS[result]!;
  }

  async removePending(partition: PartitionId, key: string, ids: string[]): Promise<void> {
    if (ids.length === 0) return;
    const pending = this.keysOf.pending(partition, key);
    await this.#point('a removal', (client) => client.driftlineRemove([pending], [freshStamp(), ...ids]));
  }

  taskAgent(partition: PartitionId, task: string): Promise<string | null> {
    return this.#point('finding a task', (client) => client.get(this.keysOf.task(partition, task)));
  }

  /** Walks every primary with `SCAN`; a key that is there all the time is given exactly once. */
  async *keys(partition: PartitionId): AsyncIterable<string> {
    const prefix = this.keysOf.statePrefix(partition);
    const { client } = this.connection;
    const primaries: Redis[] = client instanceof Cluster ? client.nodes('master') : [client];
    const seen = new Set<string>();
    for (const primary of primaries) {
      let cursor = '0';
      do {
        const from = cursor;
        const [next, names] = await this.connection.call('a scan', BATCH_DEADLINE_MS, () =>
          primary.scan(from, 'MATCH', `${globLiteral(prefix)}*`, 'COUNT', SCAN_COUNT),
        );
        for (const name of names) {
          if (!seen.has(name)) yield name.slice(prefix.length);
          seen.add(name);
        }
        cursor = next;
      } while (cursor !== '0');
    }
  }

  close(): Promise<void> {
    return this.connection.close();
  }

  #point<T>(doing: string, send: Parameters<typeof this.connection.call<T>>[2]): Promise<T> {
    return this.connection.call(doing, POINT_DEADLINE_MS, send);
  }
}

function parseStored<T>(text: string, what: string, partition: PartitionId): T {
  try {
    return JSON.parse(text) as T;
  } catch (cause) {
    const message = `the ${what} of ${partition} in Redis is not what Driftline writes: something else wrote it`;
    throw new StoreError('DL_STORE_CORRUPT', message, { cause });
  }
}
