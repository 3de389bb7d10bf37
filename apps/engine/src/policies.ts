/** The policies this engine judges with: by digest, as the `policies` topic activates them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Policy } from '#drift';
import { BY_CONFIGURATION, PolicyOvertaken, PolicyTopic, type Activation } from '#policy';
import type { Log } from '#stream';
import type { Logger } from '#telemetry';
import { unknownPolicy, type PolicySource } from './folder.js';
import { POLICY_WAIT_MS } from './limits.js';

/** Between two looks for a policy that is on its way. */
const LOOK_MS = 50;

/**
 * What the configured policy is worth. `first`: it is activated when nothing is active yet, and otherwise only compared.
 * `edited`: whoever edits the file is the operator, so that a changed file is activated.
 */
export type Configured = 'first' | 'edited';

export interface PoliciesParts {
  log: Log;
  logger: Logger;
  tenant: string;
  /** `engine/<id>`. */
  source: string;
  /** New at each start. */
  instance: string;
  onFatal: (error: Error) => void;
  /** After each activation, by whomever. */
  onActivated: (activation: Activation) => void;
}

export class Policies implements PolicySource {
  private topic!: PolicyTopic;
  private counter = 0;

  constructor(
    private readonly parts: PoliciesParts,
    /** As this process is configured; what judges is what is active. */
    private configured: Policy,
  ) {}

  /** Resolves once everything announced is known and something is active. */
  async start(worth: Configured): Promise<void> {
    const { log, logger, onFatal, onActivated } = this.parts;
    this.topic = await PolicyTopic.open({
      log,
      configured: this.configured,
      onActivated,
      onUnreadable: (key, offset, error) => logger.error({ error, key, offset }, 'unreadable policy record'),
      onFatal,
    });
    const { active, fromConfiguration } = this.topic.book;
    if (active === null) await this.configure(this.configured, 'the first policy of this deployment');
    // The file that was activated last time is no new word: what a person activated since then stays.
    else if (worth === 'edited' && fromConfiguration?.policy !== this.configured.digest)
      await this.configure(this.configured, 'the configured policy changed');
  }

  async stop(): Promise<void> {
    await this.topic?.stop();
  }

  /** Activates what a configuration says; another activation that comes first stands. */
  async configure(policy: Policy, reason: string): Promise<void> {
    this.configured = policy;
    try {
      await this.activate(policy, BY_CONFIGURATION, reason);
    } catch (error) {
      if (!(error instanceof PolicyOvertaken)) throw error;
      this.parts.logger.info({ error: error.message }, 'the configured policy was not activated');
    }
  }

  /** Throws `PolicyOvertaken` when another activation came first, `PolicyError` when it does not fit on the log. */
  activate(policy: Policy, by: string, reason: string): Promise<Activation> {
    const { tenant, source, instance } = this.parts;
    this.counter += 1;
    const id = `${instance}-policy-${this.counter}`;
    return this.topic.activate(policy, { id, tenant, source, instance, by, reason });
  }

  /** The newest activation. */
  get active(): Activation {
    return this.topic.book.active!;
  }

  at(appendTimeMs: number): { policy: string; revision: number } {
    return this.topic.book.at(appendTimeMs)!;
  }

  get(digest: string): Policy | null {
    return this.topic.book.get(digest);
  }

  /** The active policy, or the newest before it that this software can read. */
  get policy(): Policy {
    return this.topic.book.policy;
  }

  /** Said to the operator while another policy is active than the configured one; null while it is the same. */
  difference(): string | null {
    const { active, configured } = this;
    if (active.policy === configured.digest) return null;
    return (
      `the configured policy "${configured.name}" (${short(configured.digest)}) differs from the active one ` +
      `(${short(active.policy)}, revision ${active.revision}, activated by ${active.by}: ${active.reason}), which judges. ` +
      'To change that: driftline policy activate FILE --by NAME --reason WHY'
    );
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
}

/** Enough of a digest to tell two apart by eye. */
function short(digest: string): string {
  return digest.slice(0, 12);
}
