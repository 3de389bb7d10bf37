/** The revocations topic as this authority has read it, and the acts that write to it. */
import { AccessError } from '#access';
import { ceHeaders, decodeCommand, encodeLift, encodeRevocation, liftKey } from '#activity';
import { TOPICS, type Lift, type Revocation, type ToolCall } from '#activity/types';
import { goesOut } from '#drift';
import { RevocationIndex } from '#revocation';
import type { Follower, Log, LogRecord } from '#stream';
import type { Logger } from '#telemetry';
import type { AuthorityMetrics } from './metrics.js';

/** The least silence of the log that means something: it answers idle followers about once a second. */
const SILENCE_MS = 3_000;
/** How often what is over is dropped. */
const EXPIRE_MS = 10_000;

export interface RevocationsOptions {
  log: Log;
  /** CloudEvents source: `authority/<id>`. */
  source: string;
  /** Without a word from the log for this long, what was revoked since is unknown. */
  maxStaleMs: number;
  metrics: AuthorityMetrics;
  logger: Logger;
  onFatal: (error: Error) => void;
}

export class Revocations {
  private readonly index = new RevocationIndex();
  private follower: Follower | null = null;
  private timer: NodeJS.Timeout | null = null;

  constructor(private readonly options: RevocationsOptions) {}

  /** Resolves once everything that was there is known. */
  async start(): Promise<void> {
    this.follower = await this.options.log.follow({
      topic: TOPICS.revocations,
      from: 'start',
      onRecords: (records) => records.forEach((record) => this.read(record)),
      onFatal: this.options.onFatal,
    });
    await this.follower.caughtUp;
    this.timer = setInterval(() => this.index.expire(Date.now()), EXPIRE_MS);
  }

  async stop(): Promise<void> {
    if (this.timer) clearInterval(this.timer);
    await this.follower?.stop();
  }

  /** Age in ms since the log last answered. */
  progressAgeMs(): number {
    return this.follower?.progressAgeMs() ?? Infinity;
  }

  /** Throws `not-current` when revocations may have been missed. */
  requireCurrent(): void {
    const ageMs = this.progressAgeMs();
    if (ageMs <= Math.max(this.options.maxStaleMs, SILENCE_MS)) return;
    this.options.metrics.notCurrent.inc({ cause: 'revocations' });
    throw new AccessError('not-current', `the log has not answered for ${Math.round(ageMs)} ms`);
  }

  match(call: ToolCall, key: string): Revocation | null {
    const { tenant, task, server, tool, effect, dataClasses } = call;
    const revocable = {
      tenant,
      agentKey: key,
      task,
      server,
      tool,
      effect,
      dataClasses,
      goesOut: goesOut(call),
    };
    return this.index.match(revocable, Date.now());
  }

  list(): Revocation[] {
    return this.index.list(Date.now());
  }

  isLifted(id: string): boolean {
    return this.index.isLifted(id);
  }

  get(id: string): Revocation | null {
    return this.index.get(id);
  }

  /** Durable, and known here, when this resolves. */
  async publish(revocation: Revocation): Promise<void> {
    const value = encodeRevocation(revocation);
    const headers = ceHeaders(revocation, this.options.source);
    await this.options.log.append(TOPICS.revocations, [{ key: revocation.id, value, headers, partition: 0 }]);
    this.index.applyRevocation(revocation, Date.now());
  }

  async publishLift(lift: Lift): Promise<void> {
    const key = liftKey(lift.revocation);
    const headers = ceHeaders(lift, this.options.source);
    await this.options.log.append(TOPICS.revocations, [
      { key, value: encodeLift(lift), headers, partition: 0 },
    ]);
    this.index.applyLift(lift);
  }

  /** A tombstone: nothing can replay the lifted revocation any more. */
  private forget(key: string): void {
    if (key.startsWith(liftKey(''))) this.index.forgetLift(key.slice(liftKey('').length));
  }

  private read(record: LogRecord): void {
    const key = record.key?.toString() ?? '';
    try {
      if (record.value === null) return this.forget(key);
      const command = decodeCommand(key, record.value);
      if (command.kind === 'lift') this.index.applyLift(command.lift);
      else this.index.applyRevocation(command.revocation, Date.now());
    } catch (error) {
      // Not ours to repair, and it must not stop what comes after it.
      this.options.metrics.unreadable.inc({ topic: TOPICS.revocations });
      this.options.logger.error({ error, key, offset: record.offset }, 'unreadable record on revocations');
    }
  }
}
