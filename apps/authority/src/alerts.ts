/** The alerts topic: the most recent ones, and whoever follows. */
import { AccessError } from '#access';
import { decodeAlert } from '#activity';
import { TOPICS, type Alert } from '#activity/types';
import type { Follower, Log, LogRecord } from '#stream';
import type { Logger } from '#telemetry';
import type { AuthorityMetrics } from './metrics.js';

/** What a person can read back; the topic has the rest. */
const RECENT_MAX = 500;
/** Alerts that can be found by id: some tens of thousands of places in 90 days, a few MB. */
const FOUND_MAX = 50_000;
/** Consoles and terminals that look on at once. */
const FOLLOWERS_MAX = 64;

export interface AlertsOptions {
  log: Log;
  metrics: AuthorityMetrics;
  logger: Logger;
  onFatal: (error: Error) => void;
}

export class Alerts {
  private readonly recentAlerts = new Map<string, Alert>();
  /** Id → offset, of many more than are kept. */
  private readonly places = new Map<string, number>();
  private readonly followers = new Set<(alert: Alert) => void>();
  private follower: Follower | null = null;

  constructor(private readonly options: AlertsOptions) {}

  async start(): Promise<void> {
    this.follower = await this.options.log.follow({
      topic: TOPICS.alerts,
      from: 'start',
      onRecords: (records) => records.forEach((record) => this.read(record)),
      onFatal: this.options.onFatal,
    });
  }

  async stop(): Promise<void> {
    this.followers.clear();
    await this.follower?.stop();
  }

  /** Oldest first. */
  recent(): Alert[] {
    return [...this.recentAlerts.values()];
  }

  /** Null for one nobody raised, or too long ago. */
  async find(id: string): Promise<Alert | null> {
    const recent = this.recentAlerts.get(id);
    if (recent !== undefined) return recent;
    const offset = this.places.get(id);
    const record = offset === undefined ? null : await this.options.log.readAt(TOPICS.alerts, 0, offset);
    return record?.value ? decodeAlert(record.value) : null;
  }

  /** Every alert from now on, once, until the returned function is called. Throws `limit`. */
  follow(onAlert: (alert: Alert) => void): () => void {
    if (this.followers.size >= FOLLOWERS_MAX) {
      throw new AccessError('limit', `${this.followers.size} others follow the alerts already`);
    }
    this.followers.add(onAlert);
    return () => void this.followers.delete(onAlert);
  }

  /** A follower could not keep up and was let go. */
  dropped(): void {
    this.options.metrics.followersDropped.inc();
  }

  private read(record: LogRecord): void {
    if (record.value === null) return;
    try {
      this.take(decodeAlert(record.value), record.offset);
    } catch (error) {
      this.options.metrics.unreadable.inc({ topic: TOPICS.alerts });
      this.options.logger.error({ error, offset: record.offset }, 'unreadable record on alerts');
    }
  }

  /** A command done twice is the same command: a repeated id is dropped. */
  private take(alert: Alert, offset: number): void {
    if (this.places.has(alert.id)) return;
    this.places.set(alert.id, offset);
    const [first] = this.places.keys();
    if (this.places.size > FOUND_MAX && first !== undefined) this.places.delete(first);
    this.recentAlerts.set(alert.id, alert);
    const [oldest] = this.recentAlerts.keys();
    if (this.recentAlerts.size > RECENT_MAX && oldest !== undefined) this.recentAlerts.delete(oldest);
    for (const onAlert of this.followers) onAlert(alert);
  }
}
