/**
 * Agent state, the partition markers and the pending lists. Two adapters: `redis/` and `embedded/` (LMDB);
 * one conformance suite holds both. Keys of one partition share a hash tag, so that a batch is one load and one
 * scripted write, in Redis Cluster too. Deliberately not in the port: scripts, connections, transactions.
 */

/** `activity/3`: topic name without prefix, and partition number. */
export type PartitionId = `${string}/${number}`;

/** The position of a partition: state and position move together. */
export interface Marker {
  logId: string;
  /** Last folded offset. */
  offset: number;
  /** Checksum of the last folded record, hex. */
  checksum: string;
}

export interface StateWrite {
  key: string;
  /** Null deletes. */
  state: Uint8Array | null;
  ttlMs: number;
}

export interface CommitRequest {
  partition: PartitionId;
  /** What this writer last read or wrote; null = it saw none. */
  expected: Marker | null;
  next: Marker;
  /** Each agent at most once. */
  states: StateWrite[];
  /** Ids of pending entries that this batch folded, per agent. */
  folded: { key: string; ids: string[] }[];
  /** Declared tasks that this batch started: an index from task to agent, for calls that name only the task. */
  tasks: { task: string; key: string; ttlMs: number }[];
}

export type CommitResult = { ok: true } | { ok: false; marker: Marker | null };

/** What the engine says about a partition on a timer, so that a decision knows whether state is current. */
export interface Currency {
  /** Wall time of the engine when it last had folded everything there was. */
  caughtUpAtMs: number;
  /** Digest of the active policy. */
  policy: string;
}

export interface PendingEntry {
  /** Activity id. */
  id: string;
  /** The encoded activity. */
  activity: Uint8Array;
  /** Append time to judge it with. */
  atMs: number;
}

export interface DecisionView {
  state: Uint8Array | null;
  /** In order of appending. */
  pending: PendingEntry[];
  /** Opaque: changes whenever state or pending changes. */
  version: string;
  currency: Currency | null;
}

export type AppendPendingResult = 'appended' | 'conflict' | 'full';

/** At most this many pending entries an agent: more calls in flight than any honest agent has. */
export const PENDING_MAX = 128;

export interface StateStore {
  /** Refuses a store that would lose state silently (Redis: `maxmemory-policy` other than `noeviction`). */
  check(): Promise<void>;
  /** Set once; throws `StoreError` when the stored value differs. Partition count, log id. */
  pin(name: string, value: string): Promise<void>;
  marker(partition: PartitionId): Promise<Marker | null>;
  /** One round trip, in the order of `keys`. */
  load(partition: PartitionId, keys: string[]): Promise<(Uint8Array | null)[]>;
  /** One scripted write: all or nothing, only if the marker is still `expected`. */
  commit(request: CommitRequest): Promise<CommitResult>;
  touch(partition: PartitionId, currency: Currency): Promise<void>;
  /** One round trip. */
  view(partition: PartitionId, key: string): Promise<DecisionView>;
  /**
   * Compare-and-set against `version`, or whatever is there where it is null: then an entry that is there by its id stays
   * as it is. In one round trip, and a version seen before is another afterwards. `task` also writes the task index.
   */
  appendPending(
    partition: PartitionId,
    key: string,
    version: string | null,
    entry: PendingEntry,
    task?: { task: string; ttlMs: number },
  ): Promise<AppendPendingResult>;
  removePending(partition: PartitionId, key: string, ids: string[]): Promise<void>;
  /** Agent key of a declared task, null if unknown. */
  taskAgent(partition: PartitionId, task: string): Promise<string | null>;
  /** Every agent key with state in this partition, for tools and tests; not on a hot path. */
  keys(partition: PartitionId): AsyncIterable<string>;
  close(): Promise<void>;
}
