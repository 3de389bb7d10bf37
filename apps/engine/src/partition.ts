/**
 * One partition of the activity topic in the hands of this engine: decode → load → assess in order → publish → store.
 * Waits are per chunk, never per event, and other partitions work meanwhile.
 */
import { checksum, partitionOf } from '#activity';
import { agentKey, TOPICS } from '#activity/types';
import type { AgentState, Policy } from '#drift';
import { sameMarker, stateCodec, type CommitRequest, type Marker, type PartitionId } from '#store';
import type { BatchContext, LogRecord } from '#stream';
import { Chunk, deadLetter, stateTtlMs } from './chunk.js';
import { DEAD_LETTER } from './errors.js';
import { FloodTally, TALLY_KEY } from './flood-tally.js';
import { Folder, isAgents } from './folder.js';
import { HeldStates } from './held-states.js';
import { killPoint, killPointAfterSend } from './kill-points.js';
import { HELD_STATES_MAX, KEPT_MS } from './limits.js';
import { countChunk } from './metrics.js';
import {
  PARTITION_KEY,
  decodePartitionRecord,
  encodePartitionRecord,
  type PartitionRecord,
} from './partition-record.js';
import type { Parts } from './parts.js';
import { patiently, type Waiting } from './patience.js';
import { findPlace, halt } from './place.js';
import { readRecord, type ReadRecord } from './read-record.js';

/** What others have to hear of a partition. */
export interface PartitionEvents {
  /** Before another place is looked for: what was said of it does not hold any more. May throw what the store throws. */
  displaced(partition: Partition): Promise<void>;
  /** `count` activities are missing by their number, as of the log's time `atMs`. */
  gaps(partition: Partition, count: number, atMs: number): void;
}

export class Partition {
  readonly id: PartitionId;
  /** Offset of the first record that is not folded. */
  next = 0;
  /** Append time of the last folded record, 0 = none since the start. */
  foldedAtMs = 0;
  /** False while it is not known where to go on: nothing can be said of it. */
  placed = false;
  /** What judges here. */
  policy: Policy;
  /** Revision it was activated with. */
  revision = 0;
  /** Digest that the store says judges here; null = nothing was folded yet. */
  recorded: string | null = null;
  private marker: Marker | null = null;
  private logId = '';
  private readonly states = new HeldStates(HELD_STATES_MAX);
  private tally = new FloodTally();

  constructor(
    private readonly parts: Parts,
    readonly number: number,
    private readonly events: PartitionEvents,
  ) {
    this.id = `activity/${number}`;
    this.policy = parts.policies.policy;
  }

  /** Finds the place to go on and the policy that judges there. Throws `PartitionHalted`. */
  async place(): Promise<number> {
    const { log, store } = this.parts;
    this.states.clear();
    const place = await findPlace({ log, store }, TOPICS.activity, this.number, this.id);
    const kept = place.marker ? await store.load(this.id, [PARTITION_KEY, TALLY_KEY]) : [];
    const [bytes = null, tally = null] = kept;
    this.tally = FloodTally.decode(tally);
    const recorded = bytes ? this.readPartitionRecord(bytes) : null;
    this.recorded = recorded?.policy ?? null;
    if (recorded) await this.judgeWith(recorded);
    this.logId = await log.id();
    this.marker = place.marker;
    this.next = place.next;
    this.foldedAtMs = 0;
    this.placed = true;
    return place.next;
  }

  /** Folds everything in `records` that is not folded yet. */
  async fold(records: LogRecord[], context: BatchContext): Promise<void> {
    const first = records.findIndex((record) => record.offset >= this.next);
    if (first < 0) return;
    if (records[first]!.offset > this.next) await this.checkGap();
    // Nothing says yet what judges here: what was active when the first record was written, in a replay too.
    if (this.recorded === null) await this.judgeWith(this.parts.policies.at(records[first]!.appendTimeMs));
    const size = this.parts.config.engine.batchEvents;
    for (let from = first; from < records.length; from += size) {
      if (from > first) await context.heartbeat();
      if (await this.foldChunk(records.slice(from, from + size), context)) continue;
      // Another writer was here, or the store fell back: everything held is dropped, the marker says where to go on.
      this.parts.metrics.repositioned.inc({ partition: this.number });
      this.placed = false;
      await this.patiently(context, () => this.events.displaced(this));
      context.seek(await this.patiently(context, () => this.place()));
      return;
    }
  }

  /** False = the marker was not what this writer last read or wrote, and nothing was stored. */
  private async foldChunk(records: LogRecord[], context: BatchContext): Promise<boolean> {
    const startedMs = performance.now();
    const { parts } = this;
    try {
      // Encoded before anything is published: no command goes out for what cannot be stored.
      const { chunk, states } = await this.assessed(records, context);
      killPoint('load');
      // Everything is durable before the state says that it was done.
      if (!chunk.outbox.isEmpty) await this.patiently(context, () => chunk.outbox.publish(parts.log));
      killPoint('publish');
      if (!(await this.commit(records.at(-1)!, chunk, states, context))) return false;
      killPoint('reply');
      countChunk(parts.metrics, chunk, records.length, performance.now() - startedMs);
      if (chunk.gaps > 0) this.events.gaps(this, chunk.gaps, this.foldedAtMs);
      return true;
    } finally {
      // After a commit there is nothing left to roll back.
      this.states.rollBack();
    }
  }

  /**
   * Records in, states to be stored out. When one of those cannot be encoded, everything is folded again with a look at
   * each state of its agent: the activities that make it so become dead letters, and the rest goes on.
   */
  private async assessed(
    records: LogRecord[],
    context: BatchContext,
    suspects = new Set<string>(),
  ): Promise<{ chunk: Chunk; states: CommitRequest['states'] }> {
    const chunk = this.emptyChunk(suspects);
    // As far as states are held, activities are folded as they are decoded, and none is kept.
    const taken = this.assess(chunk, records.length, (i) => readRecord(records[i]!));
    if (taken < records.length) {
      const rest = records.slice(taken).map(readRecord);
      await this.loadMissing(rest, context);
      this.assess(chunk, rest.length, (i) => rest[i]!);
    }
    try {
      return { chunk, states: this.writes(chunk, records.at(-1)!.appendTimeMs) };
    } catch (error) {
      // A suspect was looked at in each step, so that this can happen once per agent at most.
      if (!(error instanceof Unwritable) || suspects.has(error.key)) throw error;
      this.states.rollBack();
      return this.assessed(records, context, suspects.add(error.key));
    }
  }

  /** One round trip for every agent of the chunk whose state is not held; policies that it names are waited for. */
  private async loadMissing(read: ReadRecord[], context: BatchContext): Promise<void> {
    const missing = new Set<string>();
    let { revision } = this;
    for (let i = 0; i < read.length; i += 1) {
      const { activity, record } = read[i]!;
      if (activity === null) continue;
      if (activity.type === 'PolicyActivated' && activity.revision >= revision) {
        revision = activity.revision;
        await this.needPolicy(activity.policy);
      }
      if (!isAgents(activity)) continue;
      const key = agentKey(activity);
      if (this.states.get(key) !== undefined || missing.has(key)) continue;
      const belongs = partitionOf(key, this.parts.partitions);
      if (belongs === this.number) missing.add(key);
      else read[i] = { record, activity: null, letter: wrongPartition(record, key, belongs) };
    }
    if (missing.size === 0) return;
    const keys = [...missing];
    const states = await this.patiently(context, () => this.parts.store.load(this.id, keys));
    keys.forEach((key, i) => this.states.put(key, this.readState(key, states[i] ?? null)));
    this.parts.metrics.loads.inc(keys.length);
  }

  private emptyChunk(suspects: ReadonlySet<string>): Chunk {
    const { policies, config, source, logger } = this.parts;
    const folder = new Folder({
      policy: this.policy,
      revision: this.revision,
      policies,
      maxSkewMs: config.maxSkewMs,
    });
    const failed = ({ offset }: LogRecord, error: unknown) => {
      logger.error({ error, partition: this.number, offset }, 'an activity could not be folded');
    };
    return new Chunk(folder, this.states, this.tally, source, failed, suspects);
  }

  /** How many were taken; fewer than there are when a state or a policy has to be fetched first. */
  private assess(chunk: Chunk, count: number, read: (index: number) => ReadRecord): number {
    const startedMs = performance.now();
    let taken = 0;
    while (taken < count && chunk.take(read(taken))) taken += 1;
    this.parts.metrics.assessSeconds.observe((performance.now() - startedMs) / 1_000);
    return taken;
  }

  /** False = another marker. A marker that is this very write means that only the reply was lost. */
  private async commit(
    last: LogRecord,
    chunk: Chunk,
    states: CommitRequest['states'],
    context: BatchContext,
  ): Promise<boolean> {
    const next = { logId: this.logId, offset: last.offset, checksum: checksum(last) };
    const request: CommitRequest = {
      partition: this.id,
      expected: this.marker,
      next,
      states,
      folded: [...chunk.folded].map(([key, ids]) => ({ key, ids })),
      tasks: chunk.tasks,
    };
    const result = await this.patiently(context, async () => {
      const reply = this.parts.store.commit(request);
      await killPointAfterSend(reply);
      return reply;
    });
    if (!result.ok && !sameMarker(result.marker, next)) return false;
    this.states.adopt();
    this.marker = next;
    this.next = last.offset + 1;
    this.foldedAtMs = last.appendTimeMs;
    this.policy = chunk.policy;
    this.revision = chunk.revision;
    this.recorded = chunk.policy.digest;
    this.parts.metrics.stores.inc(request.states.length);
    return true;
  }

  /** Each touched state once, however often it was folded. Throws `Unwritable`. */
  private writes({ policy, revision }: Chunk, timeMs: number): CommitRequest['states'] {
    const writes: CommitRequest['states'] = this.states.touched.map(({ key, next }) => {
      const ttlMs = stateTtlMs(policy, next?.assurance ?? 'verified');
      return { key, state: next === null ? null : encodeState(key, next), ttlMs };
    });
    if (this.recorded !== policy.digest || this.revision !== revision) {
      const state = encodePartitionRecord({ policy: policy.digest, revision });
      writes.push({ key: PARTITION_KEY, state, ttlMs: KEPT_MS });
    }
    const tally = this.tally.due(timeMs);
    if (tally) writes.push({ key: TALLY_KEY, state: tally, ttlMs: KEPT_MS });
    return writes;
  }

  /** Records that are not there: fine when the log has holes, the end when it lost what was never folded. */
  private async checkGap(): Promise<void> {
    const { start } = await this.parts.log.bounds(TOPICS.activity, this.number);
    if (start <= this.next) return;
    halt(
      'DL_ENGINE_LOG_TRUNCATED',
      `${this.id} lost the records from offset ${this.next} to ${start - 1} before they were folded`,
    );
  }

  private async judgeWith({ policy, revision }: PartitionRecord): Promise<void> {
    this.policy = await this.needPolicy(policy);
    this.revision = revision;
  }

  private async needPolicy(digest: string): Promise<Policy> {
    try {
      return await this.parts.policies.need(digest);
    } catch (error) {
      return halt('DL_ENGINE_POLICY_UNKNOWN', (error as Error).message, { cause: error });
    }
  }

  private readState(key: string, bytes: Uint8Array | null): AgentState | null {
    try {
      return bytes === null ? null : stateCodec.decode(bytes);
    } catch (error) {
      const why = `the state of agent ${key} in ${this.id} cannot be read: ${(error as Error).message}`;
      return halt('DL_ENGINE_STATE_UNREADABLE', why, { cause: error });
    }
  }

  private readPartitionRecord(bytes: Uint8Array): PartitionRecord {
    try {
      return decodePartitionRecord(bytes);
    } catch (error) {
      const why = `what is kept for ${this.id} cannot be read: ${(error as Error).message}`;
      return halt('DL_ENGINE_STATE_UNREADABLE', why, { cause: error });
    }
  }

  private patiently<T>(context: Waiting, attempt: () => Promise<T>): Promise<T> {
    return patiently(this.parts, { topic: TOPICS.activity, partition: this.number }, context, attempt);
  }
}

/** A state beyond what the store's schema can hold: a defect of the core, and no reason to stop everybody else. */
class Unwritable extends Error {
  constructor(
    readonly key: string,
    cause: unknown,
  ) {
    super(`the state of agent ${key} cannot be encoded: ${(cause as Error).message}`, { cause });
  }
}

function encodeState(key: string, state: AgentState): Buffer {
  try {
    return stateCodec.encode(state);
  } catch (error) {
    throw new Unwritable(key, error);
  }
}

function wrongPartition(record: LogRecord, key: string, belongs: number) {
  const reason = `agent ${key} belongs to partition ${belongs}, the record is in ${record.partition}`;
  return deadLetter(record, DEAD_LETTER.wrongPartition, reason);
}
