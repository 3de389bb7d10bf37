/** The `policies` topic: followed by everything that judges, written by whoever activates. */
import { ceHeaders, encodeActivity } from '#activity';
import { TOPICS, type PolicyActivated } from '#activity/types';
import type { Policy } from '#drift';
import type { Follower, Log, LogRecord } from '#stream';
import { activationKey, PolicyBook, type Activation } from './book.js';
import { encodePolicy } from './canonical.js';
import { PolicyError, PolicyOvertaken } from './errors.js';

/** A log takes 1 MiB by default; the rest is room for its frame. */
const DOCUMENT_MAX_BYTES = 900 << 10;
/** The own record comes back within milliseconds; a log that takes this long is away. */
const SEEN_DEADLINE_MS = 10_000;

export interface PolicyTopicOptions {
  log: Log;
  /** Judges as long as nothing is active. */
  configured: Policy;
  /** After each activation, in order. */
  onActivated?: (activation: Activation) => void;
  /** A record that counts for nobody; if the log ever names it, the partition stops and says so. */
  onUnreadable?: (key: string, offset: number, error: unknown) => void;
  onFatal: (error: Error) => void;
}

/** Who activates and why, as the record says it; `id` is unique. */
export type Activating = Pick<PolicyActivated, 'id' | 'tenant' | 'source' | 'instance' | 'by' | 'reason'>;

export class PolicyTopic {
  readonly book: PolicyBook;
  private follower: Follower | null = null;
  /** Ids of records of our own → who waits to hear what became of them. */
  private readonly waiting = new Map<string, (counted: Activation | null) => void>();

  private constructor(private readonly options: PolicyTopicOptions) {
    this.book = new PolicyBook(options.configured);
  }

  /** Resolves once everything that was there is known. */
  static async open(options: PolicyTopicOptions): Promise<PolicyTopic> {
    const topic = new PolicyTopic(options);
    const { log, onFatal } = options;
    const onRecords = (records: LogRecord[]) => records.forEach((record) => topic.read(record));
    topic.follower = await log.follow({ topic: TOPICS.policies, from: 'start', onRecords, onFatal });
    await topic.follower.caughtUp;
    return topic;
  }

  async stop(): Promise<void> {
    await this.follower?.stop();
  }

  /** Age in ms since the log last answered. */
  progressAgeMs(): number {
    return this.follower?.progressAgeMs() ?? Infinity;
  }

  /** Its document is on the topic when this resolves. Throws `PolicyError` when it is too large for the log. */
  async publish(policy: Policy): Promise<void> {
    if (this.book.isAnnounced(policy.digest)) return;
    const value = encodePolicy(policy);
    if (value.length > DOCUMENT_MAX_BYTES) {
      const message = `compiled it has ${value.length} bytes, at most ${DOCUMENT_MAX_BYTES} fit on the log`;
      throw new PolicyError(policy.name, [{ line: 1, path: '', message }]);
    }
    await this.options.log.append(TOPICS.policies, [{ key: policy.digest, value, partition: 0 }]);
  }

  /**
   * Active everywhere from the next record of each partition on, once the engines have heard of it. Activating what is
   * active already changes nothing. Throws `PolicyOvertaken` when another activation came first.
   */
  async activate(policy: Policy, activating: Activating): Promise<Activation> {
    const { active } = this.book;
    if (active?.policy === policy.digest) return active;
    await this.publish(policy);
    const revision = (active?.revision ?? 0) + 1;
    const counted = await this.append(recordOf(activating, policy.digest, revision));
    if (counted) return counted;
    throw new PolicyOvertaken(policy.digest, this.book.revision);
  }

  /** Null = another activation had the revision first. Throws when the log does not take it or does not show it. */
  private async append(record: PolicyActivated): Promise<Activation | null> {
    let timer: NodeJS.Timeout | undefined;
    const seen = new Promise<Activation | null>((resolve, reject) => {
      this.waiting.set(record.id, resolve);
      const late = new Error(`the log did not show the activation within ${SEEN_DEADLINE_MS} ms`);
      timer = setTimeout(() => reject(late), SEEN_DEADLINE_MS);
    });
    // Told even when the append fails first, and nobody is left to hear it.
    seen.catch(() => undefined);
    try {
      const [value, headers] = [encodeActivity(record), ceHeaders(record)];
      const written = { key: activationKey(record.id), value, headers, partition: 0 };
      await Promise.all([this.options.log.append(TOPICS.policies, [written]), seen]);
      return await seen;
    } finally {
      clearTimeout(timer);
      this.waiting.delete(record.id);
    }
  }

  private read(record: LogRecord): void {
    const taken = this.book.take(record);
    if (taken.kind === 'unreadable') this.options.onUnreadable?.(taken.key, record.offset, taken.error);
    if (taken.kind === 'activated') this.options.onActivated?.(taken.activation);
    if (taken.kind === 'activated') this.waiting.get(taken.id)?.(taken.activation);
    if (taken.kind === 'overtaken') this.waiting.get(taken.id)?.(null);
  }
}

/** Nobody's activity, on nobody's behalf: what it says beside its policy is who brought it about. */
function recordOf(activating: Activating, policy: string, revision: number): PolicyActivated {
  return {
    ...activating,
    type: 'PolicyActivated',
    agent: '',
    assurance: 'verified',
    principal: null,
    actors: [],
    time: Date.now(),
    sequence: 0,
    pending: false,
    task: null,
    conversation: null,
    policy,
    revision,
  };
}
