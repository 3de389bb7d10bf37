/** Reads all partitions of a topic without a group: our own positions, our own fetches, nothing committed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { LogError, LogTruncated, UnknownTopic } from '../errors.js';
import type { Follower, FollowOptions, LogEvents } from '../port.js';
import { isAway, rootCause, type KafkaSettings } from './client.js';
import { Connection, whileAway, type Fetched } from './reader.js';

/** Longest wait of the broker for the next record: not latency (it answers as soon as there is one), only a bound. */
const FETCH = { maxWaitMs: 250, maxBytes: 1024 * 1024 };
/** Waits between tries to reach the log again. */
const RETRY_MIN_MS = 50;
const RETRY_MAX_MS = 500;
/** Failures in a row that are not an absent cluster: more are not a fault that passes. */
const FAILURES_MAX = 20;
/** After so many empty answers below the end, what lies between was removed by compaction. */
const EMPTY_ANSWERS = 3;

export class KafkaFollower implements Follower {
  readonly caughtUp: Promise<void>;
  private resolveCaughtUp: () => void = () => {};
  private rejectCaughtUp: (error: Error) => void = () => {};
  private readonly positionOf = new Map<number, number>();
  private readonly targetOf = new Map<number, number>();
  private readonly emptyAnswers = new Map<number, number>();
  private connection: Connection | null;
  private handing: Promise<void> = Promise.resolve();
  private progressAt = performance.now();
  private stopping = false;
  private readonly running: Promise<void>;

  private constructor(
    private readonly config: KafkaSettings,
    private readonly options: FollowOptions,
    private readonly events: LogEvents,
    connection: Connection,
    bounds: Map<number, { start: number; end: number }>,
  ) {
    this.connection = connection;
    for (const [partition, { start, end }] of bounds) {
      this.positionOf.set(partition, options.from === 'start' ? start : end);
      this.targetOf.set(partition, end);
    }
    this.caughtUp = new Promise((resolve, reject) => {
      this.resolveCaughtUp = resolve;
      this.rejectCaughtUp = reject;
    });
    // Who does not wait for it must not die of it.
    this.caughtUp.catch(() => {});
    this.running = this.run();
  }

  /** Resolves once its positions are fixed: what is appended from then on is seen. */
  static async open(
    config: KafkaSettings,
    options: FollowOptions,
    events: LogEvents,
  ): Promise<KafkaFollower> {
    return whileAway(
      config,
      () => false,
      async () => {
        const connection = await Connection.open(config);
        try {
          const partitions = await connection.partitions(options.topic);
          if (partitions.length === 0) throw new UnknownTopic(options.topic);
          const bounds = await connection.bounds(options.topic, partitions);
          const byPartition = new Map(partitions.map((partition, index) => [partition, bounds[index]!]));
          return new KafkaFollower(config, options, events, connection, byPartition);
        } catch (error) {
          connection.discard();
          throw error;
        }
      },
    );
  }

  positions(): number[] {
    return [...this.positionOf.keys()]
      .sort((a, b) => a - b)
      .map((partition) => this.positionOf.get(partition)!);
  }

  progressAgeMs(): number {
    return performance.now() - this.progressAt;
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.connection?.discard();
    await this.running;
  }

  private async run(): Promise<void> {
    let retryMs = RETRY_MIN_MS;
    let failures = 0;
    this.noteProgress();
    while (!this.stopping) {
      const since = this.progressAt;
      try {
        await this.readAll();
      } catch (thrown) {
        if (this.stopping) break;
        const error = rootCause(thrown);
        const moved = this.progressAt > since;
        failures = isAway(thrown) || moved ? 0 : failures + 1;
        if (thrown instanceof Fatal) return this.fail(thrown.error);
        if (thrown instanceof LogError || failures >= FAILURES_MAX) return this.fail(error);
        this.events.followFailed?.(this.options.topic, error);
        this.drop();
        retryMs = moved ? RETRY_MIN_MS : Math.min(retryMs * 2, RETRY_MAX_MS);
        await sleep(retryMs);
      }
    }
    this.rejectCaughtUp(
      new LogError('follower-stopped', `The follower of ${this.options.topic} was stopped.`),
    );
  }

  private fail(error: Error): void {
    this.drop();
    this.rejectCaughtUp(error);
    this.options.onFatal(error);
  }

  private drop(): void {
    this.connection?.discard();
    this.connection = null;
  }

  /** Reads from every leader side by side until one of them fails; then all end and start anew. */
  private async readAll(): Promise<void> {
    const connection = (this.connection ??= await Connection.open(this.config));
    await connection.partitions(this.options.topic);
    const round = { ended: false };
    const leaders = connection.leaders(this.options.topic, [...this.positionOf.keys()]);
    const loops = [...leaders].map(([nodeId, partitions]) =>
      this.readFrom(connection, nodeId, partitions, round),
    );
    const results = await Promise.allSettled(
      loops.map((loop) =>
        loop.finally(() => {
          round.ended = true;
        }),
      ),
    );
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  private async readFrom(
    connection: Connection,
    nodeId: string,
    partitions: number[],
    round: { ended: boolean },
  ): Promise<void> {
    while (!this.stopping && !round.ended) {
      const asked = this.doubtful(partitions);
      const positions = new Map(asked.map((partition) => [partition, this.positionOf.get(partition)!]));
      let fetched: Fetched[];
      try {
        fetched = await connection.fetch(this.options.topic, nodeId, positions, FETCH);
      } catch (error) {
        throw error instanceof LogTruncated ? new Fatal(error) : error;
      }
      this.progressAt = performance.now();
      // Leaders answer side by side; the follower is called for one after the other.
      this.handing = this.handing.then(() => this.hand(fetched));
      await this.handing;
    }
  }

  private async hand(fetched: Fetched[]): Promise<void> {
    for (const { partition, records, next, end } of fetched) {
      if (this.stopping) return;
      if (records.length > 0) await this.give(records);
      this.positionOf.set(partition, this.skipRemoved(partition, next, end, records.length));
    }
    this.noteProgress();
  }

  private async give(records: Fetched['records']): Promise<void> {
    try {
      await this.options.onRecords(records);
    } catch (thrown) {
      throw new Fatal(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  }

  /**
   * A partition that seems to have nothing left is asked about alone before that is believed: in an answer that others
   * fill up there was only no room for it.
   */
  private doubtful(partitions: number[]): number[] {
    const one = partitions.find((partition) => this.emptyAnswers.get(partition) === EMPTY_ANSWERS - 1);
    return one === undefined ? partitions : [one];
  }

  /** Compaction may leave nothing between a position and the end; kafkajs does not say so, the broker's empty answers do. */
  private skipRemoved(partition: number, next: number, end: number, records: number): number {
    const empty = records === 0 && next < end ? (this.emptyAnswers.get(partition) ?? 0) + 1 : 0;
    this.emptyAnswers.set(partition, empty);
    return empty >= EMPTY_ANSWERS ? end : next;
  }

  private noteProgress(): void {
    const behind = [...this.targetOf].some(([partition, target]) => this.positionOf.get(partition)! < target);
    if (!behind) this.resolveCaughtUp();
  }
}

/** An error that no retry helps: the follower's own, or a position that is not on the log. */
class Fatal extends Error {
  constructor(readonly error: Error) {
    super(error.message);
  }
}
