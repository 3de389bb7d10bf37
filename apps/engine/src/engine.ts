/** One engine: its consumers and roles, started and stopped in the right order. */
import { randomUUID } from 'node:crypto';
import { TOPICS } from '#activity/types';
import type { Config } from '#config';
import type { Policy } from '#drift';
import { warnOfExpired } from '#policy';
import type { RevocationContainment } from '#revocation';
import type { StateStore } from '#store';
import type { BatchRoute, Consumer, Log } from '#stream';
import { createMetrics, Health, type Logger, type Metrics } from '#telemetry';
import { ActivityHandler } from './activity-handler.js';
import { ContainmentRole } from './containment-role.js';
import { FloodGuard } from './flood-guard.js';
import { CURRENCY_MS, FLOOD_LOOK_MS, HEALTH_LIMIT_MS, SETTLE_MS } from './limits.js';
import { engineMetrics, progressGauge } from './metrics.js';
import type { Parts } from './parts.js';
import { countFailure } from './patience.js';
import { Policies, type Configured } from './policies.js';
import { repeat, type Repeating } from './timers.js';
import { topicSpecs } from './topics.js';

export interface EngineOptions {
  config: Config;
  log: Log;
  store: StateStore;
  /** The configured policy; what judges is what is active. */
  policy: Policy;
  /** What the configured policy is worth; default `first`. */
  configured?: Configured;
  logger: Logger;
  /** Called once when it cannot go on by itself: the process should exit non-zero. */
  onFatal?: (error: Error) => void;
}

export class Engine {
  readonly metrics: Metrics = createMetrics({ processMetrics: true });
  readonly health = new Health();
  private parts!: Parts;
  private activity!: ActivityHandler;
  private containmentRole!: ContainmentRole;
  private timers: Repeating[] = [];
  private failed = false;

  constructor(private readonly options: EngineOptions) {}

  /** What it is going to consume. Throws what stops a start: a store that evicts, topics that do not fit. */
  async prepare(): Promise<BatchRoute[]> {
    const { config, log, store, policy, logger } = this.options;
    this.health.condition('engine', 'starting');
    await store.check();
    await log.ensureTopics(topicSpecs(config));
    const source = `engine/${config.engine.id}`;
    const instance = `${config.engine.id}-${randomUUID()}`;
    const onFatal = (error: Error) => this.fatal(error);
    const onActivated = () => void this.activated();
    const policies = new Policies(
      { log, logger, tenant: config.tenant, source, instance, onFatal, onActivated },
      policy,
    );
    this.parts = {
      config,
      log,
      store,
      policies,
      logger,
      metrics: engineMetrics(this.metrics),
      partitions: await log.partitions(TOPICS.activity),
      source,
      instance,
    };
    await policies.start(this.options.configured ?? 'first');
    warnOfExpired(policies.policy, Date.now(), logger);
    this.tellPolicy();
    this.activity = new ActivityHandler(this.parts, (error) => this.fatal(error));
    this.containmentRole = new ContainmentRole(this.parts, (error) => this.fatal(error));
    return this.routes();
  }

  /** With its consumers running: the roles that work on a timer begin, and it says that it is ready. */
  run(consumers: Consumer[]): void {
    this.watch(consumers);
    this.startRoles();
    this.health.condition('engine', null);
    const { partitions, policies } = this.parts;
    const { policy, revision } = policies.active;
    this.options.logger.info({ partitions, policy, revision }, 'engine started');
  }

  /** The configuration says another policy now: it is activated. Throws what the log or the policy says. */
  async configure(policy: Policy, reason: string): Promise<void> {
    await this.parts.policies.configure(policy, reason);
    this.tellPolicy();
  }

  /** Another policy is active: the partitions of this engine hear of it at once. */
  private async activated(): Promise<void> {
    // Not started yet: partitions hear of it when they are assigned.
    if (!this.activity) return;
    warnOfExpired(this.parts.policies.policy, Date.now(), this.options.logger);
    this.tellPolicy();
    await this.activatePartitions();
  }

  /** Tried again on a timer: a log that is away must not leave a partition with the old policy. */
  private async activatePartitions(): Promise<void> {
    try {
      await this.activity.activate();
    } catch (error) {
      countFailure(this.parts, error);
      this.options.logger.warn({ error }, 'the active policy could not be put on the activity log yet');
    }
  }

  /** Which policy is active, and whether the configured one is another: for whoever looks. */
  private tellPolicy(): void {
    const { policies, metrics } = this.parts;
    const difference = policies.difference();
    const { revision, policy, by } = policies.active;
    metrics.policyRevision.set(revision);
    metrics.policyDiffers.set(difference === null ? 0 : 1);
    this.health.note('policy', difference);
    if (difference !== null) this.options.logger.warn({ revision, policy, by }, difference);
    else this.options.logger.info({ revision, policy, by }, 'policy active');
  }

  /** What is known of each revocation; null while another engine has that role. */
  containment(): RevocationContainment[] | null {
    return this.containmentRole.list();
  }

  /** Partitions that stay stopped until a person acts, with the reason. */
  halted(): { partition: number; code: string; message: string }[] {
    return [...this.activity.halted].map(([partition, { code, message }]) => ({ partition, code, message }));
  }

  /** First half of the end, before the consumers stop: not ready any more, no new work of its own. */
  async quiesce(): Promise<void> {
    this.health.condition('engine', 'stopping');
    await Promise.all(this.timers.map((timer) => timer.stop()));
    this.activity?.stop();
    this.containmentRole?.stop();
  }

  /** Second half, after running batches have ended. Log and store belong to whoever opened them. */
  async end(): Promise<void> {
    await this.containmentRole?.revoked();
    await this.parts?.policies.stop();
    this.options.logger.info({}, 'engine stopped');
  }

  /** The process cannot go on by itself; said once. */
  fatal(error: Error): void {
    if (this.failed) return;
    this.failed = true;
    this.health.condition('engine', `cannot go on: ${error.message}`);
    this.options.logger.error({ error }, 'the engine cannot go on');
    this.options.onFatal?.(error);
  }

  private routes(): BatchRoute[] {
    const { group, concurrency, profile, batchEvents, sessionTimeoutMs } = this.options.config.engine;
    return [
      {
        topic: TOPICS.activity,
        group,
        concurrency,
        profile,
        batchRecords: batchEvents,
        sessionTimeoutMs,
        handler: this.activity,
        onHalted: (partition, error) => void this.activity.haltedBy(partition, error),
      },
      {
        topic: TOPICS.enforcements,
        group: `${group}-containment`,
        sessionTimeoutMs,
        handler: this.containmentRole,
        onHalted: (_partition, error) => void this.containmentRole.haltedBy(error),
      },
    ];
  }

  private watch([folding, following]: Consumer[]): void {
    if (!folding || !following) throw new Error('expected one consumer for each route');
    this.health.watch('activity', HEALTH_LIMIT_MS, () => this.foldingAgeMs(folding));
    this.health.watch('enforcements', HEALTH_LIMIT_MS, () => following.progressAgeMs());
    progressGauge(this.metrics, () => ({
      activity: this.foldingAgeMs(folding),
      enforcements: following.progressAgeMs(),
    }));
  }

  private foldingAgeMs(consumer: Consumer): number {
    return Math.max(consumer.progressAgeMs(), this.activity.stuckMs());
  }

  private startRoles(): void {
    const { tickMs } = this.options.config.engine;
    const floods = new FloodGuard(this.parts, () => this.containmentRole.isOwn);
    this.timers = [
      repeat(CURRENCY_MS, async () => {
        await this.activity.refreshCurrency();
        await this.activatePartitions();
        this.judgeReadiness();
      }),
      repeat(SETTLE_MS, () => this.containmentRole.settle()),
      repeat(FLOOD_LOOK_MS, () => floods.look()),
      repeat(tickMs, () =>
        this.activity.tick().catch((error: unknown) => {
          // A tick that was missed is made up for by the next one.
          countFailure(this.parts, error);
          this.options.logger.warn({ error }, 'tick could not be written');
        }),
      ),
    ];
  }

  /** Ready = what it owns is folded; an engine that owns nothing stands by, ready to take over. */
  private judgeReadiness(): void {
    const caughtUpAtMs = this.activity.currencies.caughtUpAtMs();
    const behind =
      caughtUpAtMs !== null && Date.now() - caughtUpAtMs > this.options.config.authority.maxStaleMs;
    this.health.condition('current', behind ? 'the log is not folded to its end' : null);
  }
}
