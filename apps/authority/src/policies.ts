/** The active policy as this authority has read it, and the act of activating another one. */
import { randomUUID } from 'node:crypto';
import { AccessError, type PolicyRequest, type PolicyView } from '#access';
import { TOPICS } from '#activity/types';
import type { Policy } from '#drift';
import { BY_CONFIGURATION, openBundle, PolicyError, PolicyOvertaken, PolicyTopic } from '#policy';
import type { Log } from '#stream';
import type { Logger } from '#telemetry';
import type { AuthorityMetrics } from './metrics.js';

export interface PoliciesOptions {
  log: Log;
  configured: Policy;
  tenant: string;
  /** CloudEvents source: `authority/<id>`. */
  source: string;
  metrics: AuthorityMetrics;
  logger: Logger;
  onFatal: (error: Error) => void;
}

export class Policies {
  private readonly instance = `policies-${randomUUID()}`;
  private topic!: PolicyTopic;

  constructor(private readonly options: PoliciesOptions) {}

  /** Resolves once everything that was there is known. */
  async start(): Promise<void> {
    const { log, configured, metrics, logger, onFatal } = this.options;
    this.topic = await PolicyTopic.open({
      log,
      configured,
      onActivated: ({ revision, policy, by }) => logger.info({ revision, policy, by }, 'policy activated'),
      onUnreadable: (key, offset, error) => {
        metrics.unreadable.inc({ topic: TOPICS.policies });
        logger.error({ error, key, offset }, 'unreadable record on policies');
      },
      onFatal,
    });
  }

  async stop(): Promise<void> {
    await this.topic?.stop();
  }

  /** Null for one that this authority never heard of. */
  get(digest: string): Policy | null {
    return this.topic.book.get(digest);
  }

  /** The active one: for what does not depend on an agent's state. State is judged with the policy it was folded with. */
  get active(): Policy {
    return this.topic.book.policy;
  }

  view(): PolicyView {
    const { active, policy, configured } = this.topic.book;
    if (active === null) {
      const { digest, name } = configured;
      return { revision: 0, digest, name, by: BY_CONFIGURATION, reason: '', at: 0 };
    }
    const name = policy.digest === active.policy ? policy.name : 'unreadable for this version';
    const { revision, by, reason, atMs } = active;
    return { revision, digest: active.policy, name, by, reason, at: atMs };
  }

  /** Throws `invalid` with every mistake, `contended` when another activation came first; the active one stays. */
  async activate({ by, reason, digest, ...bundle }: PolicyRequest): Promise<PolicyView> {
    if (by === BY_CONFIGURATION) throw new AccessError('invalid', `by: "${by}" is nobody's name`);
    const { tenant, source } = this.options;
    try {
      const policy = openBundle(bundle);
      if (policy.digest !== digest) throw otherVersion(policy.digest, digest);
      const { instance } = this;
      const id = `${instance}-${randomUUID()}`;
      await this.topic.activate(policy, { id, tenant, source, instance, by, reason });
      return this.view();
    } catch (error) {
      if (error instanceof PolicyError) throw new AccessError('invalid', error.message, { cause: error });
      if (error instanceof PolicyOvertaken) {
        throw new AccessError('contended', error.message, { cause: error });
      }
      throw error;
    }
  }
}

function otherVersion(found: string, expected: string): AccessError {
  return new AccessError(
    'invalid',
    `the policy compiles to ${found} here and to ${expected} where it was sent from: the two run different versions of ` +
      'Driftline; activate it with the version that runs',
  );
}
