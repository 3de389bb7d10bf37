import { ceHeaders, encodeActivity } from '#activity';
import { agentKey, TOPICS, type PolicyActivated, type Tick } from '#activity/types';
import type { Activation } from '#policy';
import { StoreError } from '#store';
import {
  PartitionHalted,
  PartitionLost,
  type BatchContext,
  type LogRecord,
  type PartitionHandler,
} from '#stream';
import { raise } from './alarms.js';
import { Blindness } from './blindness.js';
import { Currencies } from './currency.js';
import { BATCH_FAILURES_MAX } from './limits.js';
import { codeOf } from './metrics.js';
import { Partition, type PartitionEvents } from './partition.js';
import type { Parts } from './parts.js';
import { patiently } from './patience.js';
import { halt } from './place.js';

/** Name under which the store keeps how many partitions states were folded with. */
const PARTITIONS_PIN = 'activity-partitions';

/** The partitions of the activity topic that this engine owns. */
export class ActivityHandler implements PartitionHandler {
  readonly partitions = new Map<number, Partition>();
  readonly halted = new Map<number, { code: string; message: string }>();
  readonly currencies: Currencies;
  private readonly blindness: Blindness;
  private readonly events: PartitionEvents;
  private counter = 0;
  private stopping = false;
  /** Partition → since when its batch is in work, by `performance.now()`. */
  private readonly working = new Map<number, number>();
  /** Partition → revision that was put on its log and may not be folded yet. */
  private readonly activated = new Map<number, number>();
  /** Partition → batches that failed in a row. */
  private readonly failures = new Map<number, number>();

  constructor(
    private readonly parts: Parts,
    private readonly onFatal: (error: Error) => void,
  ) {
    this.currencies = new Currencies(parts, this.partitions);
    this.blindness = new Blindness(parts);
    this.events = {
      displaced: (partition) => this.currencies.clear(partition),
      gaps: ({ number }, count, atMs) => void this.blindness.gaps(number, count, atMs),
    };
  }

  async assigned(number: number): Promise<number> {
    const partition = new Partition(this.parts, number, this.events);
    const waiting = { heartbeat: async () => undefined, stale: () => this.stopping };
    const where = { topic: TOPICS.activity, partition: number };
    const next = await patiently(this.parts, where, waiting, async () => {
      await this.checkPartitions();
      return partition.place();
    });
    this.activated.delete(number);
    this.partitions.set(number, partition);
    await patiently(this.parts, where, waiting, () => this.activate());
    this.parts.metrics.assigned.set(this.partitions.size);
    this.parts.logger.info({ partition: number, next }, 'partition assigned');
    return next;
  }

  async batch(number: number, records: LogRecord[], context: BatchContext): Promise<void> {
    const partition = this.partitions.get(number);
    if (!partition || records.length === 0) return;
    this.working.set(number, performance.now());
    try {
      await partition.fold(records, context);
      this.failures.delete(number);
    } catch (error) {
      this.failed(number, error as Error);
      throw error;
    } finally {
      this.working.delete(number);
    }
    this.currencies.folded(partition, context);
  }

  async revoked(number: number): Promise<void> {
    this.partitions.delete(number);
    this.activated.delete(number);
    this.currencies.forget(number);
    this.unhalt(number);
    this.parts.metrics.assigned.set(this.partitions.size);
    this.parts.metrics.lagEvents.remove({ partition: number });
    this.parts.metrics.lagSeconds.remove({ partition: number });
    this.parts.logger.info({ partition: number }, 'partition revoked');
  }

  /** Waits for the store or the log end; running batches see `stale` for themselves. */
  stop(): void {
    this.stopping = true;
  }

  /**
   * Puts the active policy on the log of each partition that is judged with an older one: from that record on it
   * judges there, at every engine and in every replay. Called again until it is so.
   */
  async activate(): Promise<void> {
    const { active } = this.parts.policies;
    const behind = [...this.partitions.values()].filter(
      ({ number, recorded, revision }) =>
        (recorded === null || revision < active.revision) && this.activated.get(number) !== active.revision,
    );
    if (behind.length === 0) return;
    // Before the wait, so that nobody else writes it meanwhile.
    for (const { number } of behind) this.activated.set(number, active.revision);
    try {
      await this.append(behind.map(({ number }) => this.activation(number, active)));
    } catch (error) {
      for (const { number } of behind) this.activated.delete(number);
      throw error;
    }
  }

  /** A `Tick` in each partition that is folded here: time passed, also where nobody acts. */
  async tick(): Promise<void> {
    const ticks = [...this.partitions.keys()].map((partition) => this.tickOf(partition));
    if (ticks.length === 0) return;
    await this.append(ticks);
    this.parts.metrics.ticks.inc(ticks.length);
  }

  /** On a timer: asks how far each partition is, says it, and raises an alarm where it is too far behind. */
  async refreshCurrency(): Promise<void> {
    await this.currencies.refresh();
    const nowMs = Date.now();
    // Not waited for: an alarm that finds the log away must not keep currency from being told.
    for (const [number, ageMs] of this.currencies.ages(nowMs)) void this.blindness.age(number, ageMs, nowMs);
  }

  /** Age in ms of the oldest batch in work: waiting for a store that is away is not progress. */
  stuckMs(): number {
    return this.working.size === 0 ? 0 : performance.now() - Math.min(...this.working.values());
  }

  /** The consumer left a partition stopped: coded, counted and told. */
  async haltedBy(number: number, error: Error): Promise<void> {
    const code = codeOf(error);
    this.unhalt(number);
    this.halted.set(number, { code, message: error.message });
    this.partitions.delete(number);
    this.currencies.forget(number);
    this.parts.metrics.assigned.set(this.partitions.size);
    this.parts.metrics.halted.set({ partition: number, code }, 1);
    await raise(this.parts, {
      cause: ['partition-halted', String(number), code, error.message],
      level: 'critical',
      title: `Partition ${number} of the activity log is stopped: ${code}`,
      explanation: `${error.message} Until then decisions about its agents follow the gateways' fail mode.`,
      at: Date.now(),
    });
  }

  /** What waiting cannot cure and is no halt is a defect: tried again a bounded number of times, never for ever. */
  private failed(number: number, error: Error): void {
    if (error instanceof PartitionHalted || error instanceof PartitionLost) return;
    const failures = (this.failures.get(number) ?? 0) + 1;
    this.failures.set(number, failures);
    this.parts.logger.error({ error, partition: number, failures }, 'batch failed');
    if (failures >= BATCH_FAILURES_MAX) this.onFatal(error);
  }

  private unhalt(number: number): void {
    const before = this.halted.get(number);
    if (before) this.parts.metrics.halted.remove({ partition: number, code: before.code });
    this.halted.delete(number);
  }

  private async checkPartitions(): Promise<void> {
    try {
      await this.parts.store.pin(PARTITIONS_PIN, String(this.parts.partitions));
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'DL_STORE_PINNED') throw error;
      halt(
        'DL_ENGINE_PARTITIONS_CHANGED',
        `the activity topic has ${this.parts.partitions} partitions, and states were folded with another number: ` +
          `agents would be looked for in the wrong partition (${error.message})`,
        { cause: error },
      );
    }
  }

  private async append(activities: { activity: PolicyActivated | Tick; partition: number }[]): Promise<void> {
    const records = activities.map(({ activity, partition }) => {
      const [key, value, headers] = [agentKey(activity), encodeActivity(activity), ceHeaders(activity)];
      return { key, value, headers, partition };
    });
    await this.parts.log.append(TOPICS.activity, records);
  }

  private activation(
    partition: number,
    { policy, revision, by, reason }: Activation,
  ): { activity: PolicyActivated; partition: number } {
    const said = { policy, revision, by, reason };
    return { activity: { ...this.base(), type: 'PolicyActivated', ...said }, partition };
  }

  private tickOf(partition: number): { activity: Tick; partition: number } {
    return { activity: { ...this.base(), type: 'Tick' }, partition };
  }

  private base() {
    const { config, source, instance } = this.parts;
    this.counter += 1;
    return {
      id: `${instance}-${this.counter}`,
      tenant: config.tenant,
      agent: '',
      assurance: 'verified' as const,
      principal: null,
      actors: [],
      time: Date.now(),
      source,
      instance,
      sequence: this.counter,
      pending: false,
      task: null,
      conversation: null,
    };
  }
}
