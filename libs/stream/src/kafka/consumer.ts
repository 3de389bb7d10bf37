/**
 * One consumer of a group on kafkajs. kafkajs joins the group and fetches; what a partition's handler is told, and when,
 * is a lane's (../lane.ts). The position is the handler's answer, the committed offset is only written for people to see.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Cluster, type Consumer as Member, type EachBatchPayload } from 'kafkajs';
import { LogError } from '../errors.js';
import { Lane } from '../lane.js';
import type { Bounds, Consumer, ConsumeOptions, LogEvents, LogRecord } from '../port.js';
import { isAway, makeClient, RETRY, rootCause, type Client, type KafkaSettings } from './client.js';
import { fetchAhead } from './fetch-ahead.js';
import { fetchRecords } from './fetch-decoder.js';
import { Heart } from './heart.js';
import { onOffsetOutOfRange, type Fetched } from './patches.js';

const { PartitionAssigners } = kafkajs;

const PROFILES = {
  latency: { minBytes: 1, maxWaitTimeInMs: 50, maxBytesPerPartition: 256 * 1024 },
  throughput: { minBytes: 64 * 1024, maxWaitTimeInMs: 200, maxBytesPerPartition: 1024 * 1024 },
};
const CONCURRENCY = 4;
const BATCH_RECORDS = 2_000;
/** The least that brokers allow by default (`group.min.session.timeout.ms`); a heartbeat goes out each fifth of it. */
const SESSION_MS = 6_000;
/** How long the group waits for members whose batch is still running. */
const REBALANCE_MS = 20_000;
/** How often the group's positions are written for others to see. Per batch it would cost milliseconds of latency. */
const COMMIT_MS = 5_000;
/** How long `stop` waits for running batches. */
const STOP_MS = 10_000;
/** Restarts within a minute of each other, for errors that are not an absent cluster: more are not a fault that passes. */
const RESTARTS_MAX = 5;
const RESTARTS_APART_MS = 60_000;
const RESTART_MS = 200;

/** One life of kafkajs's consumer; a crash ends it. */
interface Life {
  member: Member;
  client: Client;
  cluster: Cluster;
  joined: boolean;
  ended: boolean;
  commit: ((offsets: CommitOffsets) => Promise<void>) | null;
}
interface Coordinator {
  leaveGroup(member: { groupId: string; memberId: string }): Promise<void>;
}
type CommitOffsets = Parameters<EachBatchPayload['commitOffsetsIfNecessary']>[0];

export class KafkaConsumer implements Consumer {
  private lanes = new Map<number, Lane>();
  private readonly closing = new Map<number, Promise<void>>();
  private readonly committed = new Map<number, number>();
  private life: Life | null = null;
  private restarts = 0;
  private crashedAt = -Infinity;
  /** Our name in the group; a life that crashed could not say goodbye with it. */
  private memberId = '';
  private progressAt = performance.now();
  private stopped: Promise<void> | null = null;
  private readonly heart: Heart;
  private readonly commitTimer: NodeJS.Timeout;

  constructor(
    private readonly config: KafkaSettings,
    private readonly options: ConsumeOptions,
    private readonly events: LogEvents,
    private readonly bounds: (partition: number) => Promise<Bounds>,
  ) {
    this.heart = new Heart(this.heartbeatMs(), () => this.abandonAll());
    this.commitTimer = setInterval(() => this.commitPositions(), COMMIT_MS);
    this.commitTimer.unref();
    void this.begin();
  }

  partitions() {
    return [...this.lanes.values()].map((lane) => lane.status());
  }

  progressAgeMs(): number {
    return performance.now() - this.progressAt;
  }

  private heartbeatMs(): number {
    return Math.floor((this.options.sessionTimeoutMs ?? SESSION_MS) / 5);
  }

  private async begin(): Promise<void> {
    const client = makeClient(this.config, 'patient');
    const life: Life = { ...this.makeMember(client), client, joined: false, ended: false, commit: null };
    this.life = life;
    this.listen(life);
    try {
      await life.member.connect();
      await this.leaveAsBefore(life);
      await life.member.subscribe({ topic: this.options.topic, fromBeginning: true });
      await life.member.run({
        autoCommit: false,
        eachBatchAutoResolve: false,
        partitionsConsumedConcurrently: this.options.concurrency ?? CONCURRENCY,
        eachBatch: (payload) => this.eachBatch(life, payload),
      });
    } catch (error) {
      this.crashed(life, error);
    }
  }

  private makeMember(client: Client): { member: Member; cluster: Cluster } {
    let cluster: Cluster | undefined;
    const member = client.kafka.consumer({
      groupId: this.options.group,
      sessionTimeout: this.options.sessionTimeoutMs ?? SESSION_MS,
      rebalanceTimeout: REBALANCE_MS,
      heartbeatInterval: this.heartbeatMs(),
      allowAutoTopicCreation: false,
      readUncommitted: false,
      ...PROFILES[this.options.profile ?? 'latency'],
      // We start it again ourselves: kafkajs would do so without bound.
      retry: { ...RETRY.patient, restartOnFailure: async () => false },
      partitionAssigners: [
        (config) => {
          cluster = config.cluster;
          fetchRecords(config.cluster);
          fetchAhead(config.cluster);
          onOffsetOutOfRange(config.cluster, (_topic, partition) => void this.lostPosition(partition));
          return PartitionAssigners.roundRobin(config);
        },
      ],
    });
    return { member, cluster: cluster! };
  }

  /** Says goodbye for the life before: otherwise the group waits for it until its session has run out. */
  private async leaveAsBefore(life: Life): Promise<void> {
    const { memberId } = this;
    if (memberId === '') return;
    this.memberId = '';
    const { group: groupId, topic } = this.options;
    try {
      await life.cluster.addTargetTopic(topic);
      const coordinator = (await life.cluster.findGroupCoordinator({ groupId })) as unknown as Coordinator;
      await coordinator.leaveGroup({ groupId, memberId });
    } catch (error) {
      // Not known any more is what we want; otherwise it only takes longer.
      if (rootCause(error).type !== 'UNKNOWN_MEMBER_ID')
        this.events.warning?.(`A former member of ${groupId} could not leave: ${rootCause(error).message}`);
    }
  }

  private listen(life: Life): void {
    const { member } = life;
    const alive = (run: () => void) => () => {
      if (!life.ended) run();
    };
    member.on(member.events.GROUP_JOIN, ({ payload }) =>
      alive(() => {
        this.memberId = payload.memberId;
        this.joined(life, payload.memberAssignment[this.options.topic] ?? []);
      })(),
    );
    member.on(
      member.events.REBALANCING,
      alive(() => this.abandonAll()),
    );
    member.on(member.events.CRASH, ({ payload }) => this.crashed(life, payload.error));
    member.on(
      member.events.HEARTBEAT,
      alive(() => this.noteProgress()),
    );
    // With every partition paused kafkajs only sleeps and calls it a fetch; then heartbeats are what tells.
    member.on(
      member.events.FETCH,
      alive(() => {
        if ([...this.lanes.values()].some((lane) => lane.status().state === 'ready')) this.noteProgress();
      }),
    );
  }

  /** Called by kafkajs before it fetches for the new assignment: nothing is read until a handler has said from where. */
  private joined(life: Life, partitions: number[]): void {
    life.joined = true;
    this.heart.revive();
    this.closeAll();
    this.pause(life, partitions);
    for (const partition of partitions) {
      const lane = this.makeLane(partition);
      this.lanes.set(partition, lane);
      void this.openLane(life, lane);
    }
    this.events.rebalanced?.(this.options.topic, [...partitions]);
  }

  private makeLane(partition: number): Lane {
    return new Lane(this.options.topic, partition, this.options.handler, {
      bounds: () => this.bounds(partition),
      heartbeat: () => this.heart.beat(),
      onProgress: () => this.noteProgress(),
      onHalted: this.options.onHalted,
      events: this.events,
    });
  }

  private async openLane(life: Life, lane: Lane): Promise<void> {
    await this.closing.get(lane.partition);
    if (await lane.open()) this.resume(life, lane);
  }

  private async lostPosition(partition: number): Promise<void> {
    const { life } = this;
    const lane = this.lanes.get(partition);
    if (life === null || lane === undefined) return;
    this.pause(life, [partition]);
    if (await lane.reopen()) this.resume(life, lane);
  }

  private async eachBatch(life: Life, payload: EachBatchPayload): Promise<void> {
    const { batch } = payload;
    const lane = this.lanes.get(batch.partition);
    life.commit = (offsets) => payload.commitOffsetsIfNecessary(offsets);
    // Fetched before a seek, or for a partition that is not ours any more: read again when it is wanted.
    if (life.ended || lane === undefined || lane.stale() || payload.isStale()) return;
    if (Number((batch as unknown as { fetchedOffset: string }).fetchedOffset) < lane.position) return;
    const release = this.heart.work(() => payload.heartbeat());
    try {
      if (await this.deliver(life, lane, batch)) payload.resolveOffset(String(batch.messages.at(-1)!.offset));
    } finally {
      release();
    }
    this.heart.throwIfLost();
  }

  /** True when all of it was worked on; otherwise the lane's position says where to read again. */
  private async deliver(life: Life, lane: Lane, batch: EachBatchPayload['batch']): Promise<boolean> {
    const size = this.options.batchRecords ?? BATCH_RECORDS;
    const { fetchedAtMs } = batch as unknown as Fetched;
    const fetched = { end: Number(batch.highWatermark), fetchedAtMs };
    // See fetch-decoder.ts.
    const all = batch.messages as unknown as LogRecord[];
    for (let from = 0; from < all.length; from += size) {
      if (this.stopped !== null) return false;
      const records = all.slice(from, from + size);
      const isLast = from + size >= all.length;
      const next = isLast ? Number(batch.lastOffset()) + 1 : records.at(-1)!.offset + 1;
      const outcome = await lane.deliver(records, next, fetched);
      if (outcome.kind === 'done') continue;
      if (outcome.kind === 'retry' && outcome.afterMs === 0) this.seek(life, lane);
      else this.pause(life, [lane.partition]);
      if (outcome.kind === 'retry' && outcome.afterMs > 0)
        void lane.pause(outcome.afterMs).then(() => this.resume(life, lane));
      return false;
    }
    return true;
  }

  private pause(life: Life, partitions: number[]): void {
    if (!life.ended && partitions.length > 0) life.member.pause([{ topic: this.options.topic, partitions }]);
  }

  private seek(life: Life, lane: Lane): void {
    const { topic, partition, position } = lane;
    if (!life.ended && !lane.stale()) life.member.seek({ topic, partition, offset: String(position) });
  }

  private resume(life: Life, lane: Lane): void {
    if (life.ended || lane.stale() || lane.status().state !== 'ready') return;
    this.seek(life, lane);
    life.member.resume([{ topic: this.options.topic, partitions: [lane.partition] }]);
  }

  private abandonAll(): void {
    for (const lane of this.lanes.values()) lane.abandon();
  }

  private closeAll(): void {
    for (const lane of this.lanes.values()) {
      const before = this.closing.get(lane.partition) ?? Promise.resolve();
      const closed = lane.close();
      this.closing.set(
        lane.partition,
        before.then(() => closed),
      );
    }
    this.lanes = new Map();
  }

  /** kafkajs gave up. An absent cluster is waited for as long as it takes; anything else a bounded number of times. */
  private crashed(life: Life, thrown: unknown): void {
    if (life.ended) return;
    this.endLife(life);
    if (this.stopped !== null) return;
    const error = rootCause(thrown);
    // Not in the group yet, and the cluster is not ready (a new one takes a moment): nothing crashed, we wait.
    if (!life.joined && isAway(thrown)) return void this.restart(false);
    if (performance.now() - this.crashedAt > RESTARTS_APART_MS) this.restarts = 0;
    this.crashedAt = performance.now();
    this.restarts += isAway(thrown) ? 0 : 1;
    const fatal = this.restarts > RESTARTS_MAX || error.name === 'KafkaJSNotImplemented';
    this.events.crashed?.(this.options.topic, error, fatal);
    if (fatal) {
      clearInterval(this.commitTimer);
      this.options.onFatal(explain(this.options.topic, error));
    } else void this.restart(true);
  }

  private async restart(crashed: boolean): Promise<void> {
    await sleep(RESTART_MS * 2 ** Math.min(this.restarts, RESTARTS_MAX));
    if (this.stopped !== null) return;
    if (crashed) this.events.restarted?.(this.options.topic);
    await this.begin();
  }

  private endLife(life: Life): void {
    life.ended = true;
    life.client.giveUp();
    this.closeAll();
    life.member.disconnect().catch((error: unknown) => {
      this.events.warning?.(
        `A consumer of ${this.options.topic} did not disconnect: ${rootCause(error).message}`,
      );
    });
  }

  private commitPositions(): void {
    const commit = this.life?.commit;
    if (this.life?.ended !== false || !commit) return;
    const moved = [...this.lanes.values()].filter(
      (lane) => !lane.stale() && lane.position >= 0 && this.committed.get(lane.partition) !== lane.position,
    );
    if (moved.length === 0) return;
    const partitions = moved.map(({ partition, position }) => ({ partition, offset: String(position) }));
    for (const { partition, position } of moved) this.committed.set(partition, position);
    commit({ topics: [{ topic: this.options.topic, partitions }] }).catch(() => {
      // Only for people to see, and written again with the next change.
      this.committed.clear();
    });
  }

  private noteProgress(): void {
    this.progressAt = performance.now();
  }

  stop(): Promise<void> {
    this.stopped ??= Promise.race([this.stopAll(), sleep(STOP_MS, undefined, { ref: false })]);
    return this.stopped;
  }

  private async stopAll(): Promise<void> {
    clearInterval(this.commitTimer);
    this.commitPositions();
    const { life } = this;
    // Ends reconnecting, so that a stop does not wait for a broker that is away.
    life?.client.giveUp();
    await life?.member.disconnect();
    this.closeAll();
    await Promise.all(this.closing.values());
    if (life !== null) life.ended = true;
  }
}

function explain(topic: string, error: Error): LogError {
  const hint =
    error.name === 'KafkaJSNotImplemented'
      ? 'A producer wrote with a compression this client cannot read: set compression.type=uncompressed or gzip on the topic, ' +
        'so that the broker rewrites what comes, and remove the records that are there.'
      : 'It was started again several times without progress.';
  return new LogError('consumer-failed', `The consumer of ${topic} cannot go on: ${error.message}. ${hint}`, {
    cause: error,
  });
}
