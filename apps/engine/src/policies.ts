/** Policies by digest: the configured one, and those that were ever announced on the `policies` topic. */
import { setTimeout as sleep } from 'node:timers/promises';
import { TOPICS } from '#activity/types';
import type { Policy } from '#drift';
import { decodePolicy, encodePolicy } from '#policy';
import type { Follower, Log, LogRecord } from '#stream';
import type { Logger } from '#telemetry';
import { unknownPolicy, type PolicySource } from './folder.js';
import { POLICY_WAIT_MS } from './limits.js';

/** Between two looks for a policy that is on its way. */
const LOOK_MS = 50;

export class Policies implements PolicySource {
  private readonly byDigest = new Map<string, Policy>();
  private readonly announced = new Set<string>();
  private follower: Follower | null = null;

  constructor(
    private readonly parts: { log: Log; logger: Logger; onFatal: (error: Error) => void },
    readonly configured: Policy,
  ) {
    this.byDigest.set(configured.digest, configured);
  }

  /** Resolves once what was announced is known, and the configured policy is announced durably. */
  async start(): Promise<void> {
    const { log, onFatal } = this.parts;
    const onRecords = (records: LogRecord[]) => records.forEach((record) => this.read(record));
    this.follower = await log.follow({ topic: TOPICS.policies, from: 'start', onRecords, onFatal });
    await this.follower.caughtUp;
    const { digest } = this.configured;
    if (this.announced.has(digest)) return;
    const record = { key: digest, value: encodePolicy(this.configured), partition: 0 };
    await log.append(TOPICS.policies, [record]);
  }

  async stop(): Promise<void> {
    await this.follower?.stop();
  }

  get(digest: string): Policy | null {
    return this.byDigest.get(digest) ?? null;
  }

  /** Waits a moment for a policy that was announced just now. Throws `DL_ENGINE_POLICY_UNKNOWN` when it never comes. */
  async need(digest: string): Promise<Policy> {
    for (let waitedMs = 0; waitedMs < POLICY_WAIT_MS; waitedMs += LOOK_MS) {
      const policy = this.get(digest);
      if (policy) return policy;
      await sleep(LOOK_MS);
    }
    throw unknownPolicy(digest);
  }

  private read(record: LogRecord): void {
    const key = record.key?.toString() ?? '';
    if (record.value === null || this.announced.has(key)) return;
    try {
      const policy = decodePolicy(record.value);
      if (policy.digest !== key) throw new Error(`its digest is ${policy.digest}`);
      this.announced.add(key);
      if (!this.byDigest.has(key)) this.byDigest.set(key, policy);
    } catch (error) {
      // Not believed; if the log ever names it, that partition halts and says so.
      this.parts.logger.error(
        { error, key, offset: record.offset },
        'unreadable policy on the policies topic',
      );
    }
  }
}
