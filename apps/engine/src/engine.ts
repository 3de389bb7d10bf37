/** One engine: its consumers and roles, started and stopped in the right order. */
import { randomUUID } from 'node:crypto';
import { TOPICS } from '#activity/types';
import type { Config } from '#config';
import type { Policy } from '#drift';
import type { RevocationContainment } from '#revocation';
import type { StateStore } from '#store';
import type { Consumer, Log } from '#stream';
import { createMetrics, Health, type Logger, type Metrics } from '#telemetry';
import { ActivityHandler } from './activity-handler.js';
import { ContainmentRole } from './containment-role.js';
import { CURRENCY_MS, HEALTH_LIMIT_MS, SETTLE_MS, SHUTDOWN_MS } from './limits.js';
import { engineMetrics } from './metrics.js';
import type { Parts } from './parts.js';
import { countFailure } from './patience.js';
import { Policies } from './policies.js';
import { repeat, type Repeating } from './timers.js';
import { topicSpecs } from './topics.js';

export interface EngineOptions {
  config: Config;
  log: Log;
  store: StateStore;
  policy: Policy;
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
  private consumers: Consumer[] = [];
  private timers: Repeating[] = [];
  private failed = false;

  constructor(private readonly options: EngineOptions) {}

  /** Resolves once it consumes. Throws what stops a start: a store that evicts, topics that do not fit. */
  async start(): Promise<void> {
    const { config, log, store, policy, logger } = this.options;
    this.health.condition('engine', 'starting');
    await store.check();
    await log.ensureTopics(topicSpecs(config));
    const policies = new Policies({ log, logger, onFatal: (error) => this.fatal(error) }, policy);
    this.parts = {
      config,
      log,
      store,
      policies,
      logger,
      metrics: engineMetrics(this.metrics),
      partitions: await log.partitions(TOPICS.activity),
      source: `engine/${config.engine.id}`,
      instance: `${config.engine.id}-${randomUUID()}`,
    };
    await policies.start();
    this.activity = new ActivityHandler(this.parts, (error) => this.fatal(error));
    this.containmentRole = new ContainmentRole(this.parts, (error) => this.fatal(error));
    await this.consume();
    this.startRoles();
    this.health.condition('engine', null);
    logger.info({ partitions: this.parts.partitions, policy: policy.digest }, 'engine started');
  }

  /** What is known of each revocation; null while another engine has that role. */
  containment(): RevocationContainment[] | null {
    return this.containmentRole.list();
  }

  /** Partitions that stay stopped until a person acts, with the reason. */
  halted(): { partition: number; code: string; message: string }[] {
    return [...this.activity.halted].map(([partition, { code, message }]) => ({ partition, code, message }));
  }

  /**
   * Not ready → roles end → consumers stop fetching, running batches end (bounded) → followers end. Log and store belong
   * to whoever opened them, and are closed after this.
   */
  async stop(): Promise<void> {
    this.health.condition('engine', 'stopping');
    await Promise.all(this.timers.map((timer) => timer.stop()));
    this.activity?.stop();
    await bounded(Promise.all(this.consumers.map((consumer) => consumer.stop())), SHUTDOWN_MS);
    await this.containmentRole?.stop();
    await this.parts?.policies.stop();
    this.options.logger.info({}, 'engine stopped');
  }

  private async consume(): Promise<void> {
    const { config, log } = this.options;
    const { group, concurrency, profile, batchEvents, sessionTimeoutMs } = config.engine;
    const onFatal = (error: Error) => this.fatal(error);
    const activity = { topic: TOPICS.activity, group, concurrency, profile, batchRecords: batchEvents };
    const enforcements = { topic: TOPICS.enforcements, group: `${group}-containment` };
    this.consumers = [
      await log.consume({
        ...activity,
        sessionTimeoutMs,
        handler: this.activity,
        onHalted: (partition, error) => void this.activity.haltedBy(partition, error),
        onFatal,
      }),
      await log.consume({
        ...enforcements,
        sessionTimeoutMs,
        handler: this.containmentRole,
        onHalted: (_partition, error) => void this.containmentRole.haltedBy(error),
        onFatal,
      }),
    ];
    const [folding, following] = this.consumers as [Consumer, Consumer];
    this.health.watch('activity', HEALTH_LIMIT_MS, () => this.foldingAgeMs(folding));
    this.health.watch('enforcements', HEALTH_LIMIT_MS, () => following.progressAgeMs());
    this.metrics.gauge('progress_age_seconds', 'Since the last poll or batch', ['topic'], (gauge) => {
      gauge.set({ topic: 'activity' }, this.foldingAgeMs(folding) / 1_000);
      gauge.set({ topic: 'enforcements' }, following.progressAgeMs() / 1_000);
    });
  }

  private foldingAgeMs(consumer: Consumer): number {
    return Math.max(consumer.progressAgeMs(), this.activity.stuckMs());
  }

  private startRoles(): void {
    const { tickMs } = this.options.config.engine;
    this.timers = [
      repeat(CURRENCY_MS, async () => {
        await this.activity.currencies.refresh();
        this.judgeReadiness();
      }),
      repeat(SETTLE_MS, () => this.containmentRole.settle()),
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

  private fatal(error: Error): void {
    if (this.failed) return;
    this.failed = true;
    this.health.condition('engine', `cannot go on: ${error.message}`);
    this.options.logger.error({ error }, 'the engine cannot go on');
    this.options.onFatal?.(error);
  }
}

/** Waits for at most `ms`; what takes longer is abandoned to the end of the process. */
async function bounded(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
  await Promise.race([work, deadline]);
  clearTimeout(timer);
}
