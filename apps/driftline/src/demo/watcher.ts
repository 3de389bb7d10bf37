/** Reads the topics as any subscriber would, so that the demo reports what was published and not what it believes. */
import { decodeActivity, decodeAlert, decodeGatewayReport, decodeRevocation } from '#activity';
import { TOPICS, type Alert, type Enforcement, type Revocation, type ToolCall } from '#activity/types';
import type { Follower, Log, LogRecord } from '#stream';

export interface Seen<T> {
  value: T;
  /** When the log appended it. */
  appendedAt: number;
}

export class Watcher {
  readonly calls: Seen<ToolCall>[] = [];
  readonly revocations: Seen<Revocation>[] = [];
  readonly enforcements: Seen<Enforcement>[] = [];
  readonly alerts: Seen<Alert>[] = [];
  private followers: Follower[] = [];
  private readonly waiting = new Set<() => void>();

  async start(log: Log, onFatal: (error: Error) => void): Promise<void> {
    const follow = (topic: string, take: (record: LogRecord, value: Buffer) => void) =>
      log.follow({
        topic,
        from: 'end',
        onFatal,
        onRecords: (records) => {
          for (const record of records) if (record.value !== null) take(record, record.value);
          for (const wake of this.waiting) wake();
        },
      });
    this.followers = await Promise.all([
      follow(TOPICS.activity, (record, value) => {
        const activity = decodeActivity(value);
        if (activity.type === 'ToolCall')
          this.calls.push({ value: activity, appendedAt: record.appendTimeMs });
      }),
      follow(TOPICS.revocations, (record, value) => {
        if (record.key?.toString().startsWith('lift:')) return;
        this.revocations.push({ value: decodeRevocation(value), appendedAt: record.appendTimeMs });
      }),
      follow(TOPICS.enforcements, (record, value) => {
        const report = decodeGatewayReport(value);
        if (report.type === 'Enforcement')
          this.enforcements.push({ value: report, appendedAt: record.appendTimeMs });
      }),
      follow(TOPICS.alerts, (record, value) => {
        this.alerts.push({ value: decodeAlert(value), appendedAt: record.appendTimeMs });
      }),
    ]);
    await Promise.all(this.followers.map((follower) => follower.caughtUp));
  }

  /** What `find` finds, now or within the deadline; null when it never came. */
  async until<T>(find: () => T | undefined, deadlineMs: number): Promise<T | null> {
    const end = Date.now() + deadlineMs;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const left = end - Date.now();
      if (left <= 0) return null;
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          this.waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, left);
        this.waiting.add(wake);
      });
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower.stop()));
  }
}
