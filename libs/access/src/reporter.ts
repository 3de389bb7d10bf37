/** Puts activities on the log: one instance, one number per agent, in order, many per append. */
import { randomBytes } from 'node:crypto';
import { agentKey, type Activity, type ActivityBase } from '#activity/types';
import type { AppendRecord } from '#stream';
import { AccessError } from './errors.js';
import { activityRecord } from './record.js';

/** Where records become durable: the log itself, or a spool in front of it. Resolves when all are; in order. */
export interface ActivitySink {
  append(records: AppendRecord[]): Promise<unknown>;
}

export interface ReporterOptions {
  sink: ActivitySink;
  /** Partitions of the activity topic. */
  partitions: number;
  /** `gateway/<id>` or `authority/<id>`. */
  source: string;
  /** Default: random, new at each start. */
  instance?: string;
  /** Records that may wait for the sink. */
  queueMax?: number;
  /** Agents this instance counts for before it takes a new instance. */
  agentsMax?: number;
}

/** Records waiting for a slow log: some seconds of a busy gateway. Beyond it reports are refused, visibly. */
const QUEUE_MAX = 20_000;
/** Counters kept (about 10 MB). Forgetting one would make its next number look like a retry, so all start anew. */
const AGENTS_MAX = 100_000;
/** One append: well under the 1 MiB a Kafka broker takes per batch. */
const APPEND_MAX_BYTES = 512 * 1024;
const APPEND_MAX_RECORDS = 1_000;

interface Waiting {
  record: AppendRecord;
  bytes: number;
  done: () => void;
  failed: (error: Error) => void;
}

/**
 * Numbers are given when an activity is queued and the queue is appended by one append at a time, so per agent and
 * instance they are in log order. A failed append burns its numbers: whether it took effect is unknown, and reusing
 * one would make the core drop another activity as a retry; a burnt number is a gap, seen and counted by the engine.
 */
export class ActivityReporter {
  private readonly options: Required<Omit<ReporterOptions, 'instance'>>;
  private readonly sequences = new Map<string, number>();
  private readonly baseInstance: string;
  private currentInstance: string;
  private generation = 0;
  private counter = 0;
  private queue: Waiting[] = [];
  private running: Promise<void> | null = null;

  constructor(options: ReporterOptions) {
    this.options = { queueMax: QUEUE_MAX, agentsMax: AGENTS_MAX, ...options };
    this.baseInstance =
      options.instance ?? `${options.source.replace('/', '-')}-${randomBytes(6).toString('hex')}`;
    this.currentInstance = this.baseInstance;
  }

  /** Name of this reporter's run; part of every activity and its id. */
  get instance(): string {
    return this.currentInstance;
  }

  /** Activities queued and not yet durable. */
  get waiting(): number {
    return this.queue.length;
  }

  /** A unique activity id: `<instance>-<counter>`. */
  nextId(): string {
    this.counter += 1;
    return `${this.baseInstance}-${this.counter}`;
  }

  /** The common fields of a new activity; `sequence` is 0 until it is reported. */
  base(
    who: Pick<ActivityBase, 'tenant' | 'agent' | 'assurance'> & Partial<ActivityBase>,
    time: number,
  ): ActivityBase {
    return {
      principal: null,
      actors: [],
      pending: false,
      task: null,
      conversation: null,
      ...who,
      id: this.nextId(),
      time,
      source: this.options.source,
      instance: this.currentInstance,
      sequence: 0,
    };
  }

  /**
   * Resolves once the activity is durable, with what was written. Throws `AccessError` `limit` when too many wait
   * (nothing was queued), or the sink's error (it may or may not be on the log).
   */
  async report<A extends Activity>(activity: A): Promise<A> {
    if (this.queue.length >= this.options.queueMax) {
      throw new AccessError(
        'limit',
        `${this.queue.length} activities already wait for the log; it is away or too slow`,
      );
    }
    const key = agentKey(activity);
    const sequence = this.nextSequence(key);
    const numbered = { ...activity, source: this.options.source, instance: this.currentInstance, sequence };
    const record = activityRecord(numbered, this.options.partitions);
    this.sequences.set(key, sequence);
    await new Promise<void>((done, failed) => {
      this.queue.push({ record, bytes: record.value?.length ?? 0, done, failed });
      this.running ??= this.drain();
    });
    return numbered;
  }

  /** Waits for what is queued; call before the sink is closed. */
  async flush(): Promise<void> {
    while (this.running) await this.running;
  }

  private nextSequence(key: string): number {
    const last = this.sequences.get(key);
    if (last !== undefined) return last + 1;
    if (this.sequences.size >= this.options.agentsMax) {
      this.generation += 1;
      this.currentInstance = `${this.baseInstance}.${this.generation}`;
      this.sequences.clear();
    }
    return 1;
  }

  private async drain(): Promise<void> {
    // Lets everything that is reported in the same turn share one append.
    await Promise.resolve();
    while (this.queue.length > 0) {
      const batch = this.takeBatch();
      try {
        await this.options.sink.append(batch.map((waiting) => waiting.record));
        for (const waiting of batch) waiting.done();
      } catch (error) {
        for (const waiting of batch) waiting.failed(error as Error);
      }
    }
    this.running = null;
  }

  private takeBatch(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.queue) {
      bytes += waiting.bytes;
      if (count > 0 && (bytes > APPEND_MAX_BYTES || count >= APPEND_MAX_RECORDS)) break;
      count += 1;
    }
    return this.queue.splice(0, count);
  }
}
