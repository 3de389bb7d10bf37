/**
 * Which policy judges: the records of the `policies` topic, folded. There are documents (key = digest) and activations
 * (key = `activation/<id>`). Every reader folds the same records in the same order, so all agree which one is active.
 */
import { decodeActivity } from '#activity';
import type { PolicyActivated } from '#activity/types';
import type { Policy } from '#drift';
import { decodePolicy } from './canonical.js';

/** `by` of an activation that came from a configuration file, no person having said so. */
export const BY_CONFIGURATION = 'configuration';

const ACTIVATION_PREFIX = 'activation/';
/** Activations remembered, newest last: what is older only matters to a partition folded again from years ago. */
const ACTIVATIONS_MAX = 1_000;

export interface Activation {
  /** From 1, without gaps: an older one never replaces a newer one. */
  revision: number;
  /** Digest. */
  policy: string;
  by: string;
  reason: string;
  /** When the log appended it. */
  atMs: number;
}

/** A policy with the revision it was activated with. */
export type Judging = Pick<Activation, 'policy' | 'revision'>;

/**
 * What judges an activity that the log appended at this time where nothing of its partition says so: what was active
 * then. What is older than every activation known is judged with the first of them, and anything may replace that.
 * Null as long as nothing was ever active. `activations` oldest first.
 */
export function activeAt(activations: readonly Activation[], appendTimeMs: number): Judging | null {
  const first = activations[0];
  if (first === undefined) return null;
  const active = activations.findLast(({ atMs }) => atMs <= appendTimeMs);
  return active ?? { policy: first.policy, revision: 0 };
}

/** One record of the topic, as the log gives it. */
export interface PolicyRecord {
  key: Buffer | null;
  value: Buffer | null;
  appendTimeMs: number;
}

/** What a record amounted to. `overtaken`: another activation had the revision first, and this one is none. */
export type Taken =
  | { kind: 'document'; digest: string }
  | { kind: 'activated' | 'overtaken'; id: string; activation: Activation }
  | { kind: 'unreadable'; key: string; error: unknown }
  | { kind: 'nothing' };

export function activationKey(id: string): string {
  return ACTIVATION_PREFIX + id;
}

/** Whether a record of the topic is an activation; the others are documents. */
export function isActivationKey(key: string): boolean {
  return key.startsWith(ACTIVATION_PREFIX);
}

export class PolicyBook {
  private readonly documents = new Map<string, Policy>();
  private readonly announced = new Set<string>();
  private readonly activations: Activation[] = [];
  private configuredBefore: Activation | null = null;

  /** `configured` judges as long as nothing is active. */
  constructor(readonly configured: Policy) {
    this.documents.set(configured.digest, configured);
  }

  /** The newest activation; null before the first. */
  get active(): Activation | null {
    return this.activations.at(-1) ?? null;
  }

  /** Revision of the newest activation, 0 before the first. */
  get revision(): number {
    return this.active?.revision ?? 0;
  }

  /** The active policy, or the one before it while this software cannot read that; the configured one before any. */
  get policy(): Policy {
    for (const { policy } of this.activations.toReversed()) {
      const document = this.documents.get(policy);
      if (document) return document;
    }
    return this.configured;
  }

  /** The newest activation that a configuration file brought about. */
  get fromConfiguration(): Activation | null {
    return this.configuredBefore;
  }

  /** Null for one that was never announced, or that this software cannot read. */
  get(digest: string): Policy | null {
    return this.documents.get(digest) ?? null;
  }

  /** Whether its document is on the topic. */
  isAnnounced(digest: string): boolean {
    return this.announced.has(digest);
  }

  /** `activeAt` of what is known. */
  at(appendTimeMs: number): Judging | null {
    return activeAt(this.activations, appendTimeMs);
  }

  /** Oldest first. */
  list(): readonly Activation[] {
    return this.activations;
  }

  /** Takes the next record of the topic, in order. Never throws: what cannot be read counts for nobody. */
  take(record: PolicyRecord): Taken {
    const key = record.key?.toString() ?? '';
    if (record.value === null) return { kind: 'nothing' };
    try {
      return isActivationKey(key)
        ? this.takeActivation(record.value, record.appendTimeMs)
        : this.takeDocument(key, record.value);
    } catch (error) {
      return { kind: 'unreadable', key, error };
    }
  }

  private takeDocument(key: string, value: Buffer): Taken {
    const policy = decodePolicy(value);
    if (policy.digest !== key) throw new Error(`its digest is ${policy.digest}`);
    this.announced.add(key);
    if (!this.documents.has(key)) this.documents.set(key, policy);
    return { kind: 'document', digest: key };
  }

  /**
   * Counts when it is the next revision: of two written at once, the first on the log. Whether this software can read
   * its document is not asked here, because every reader has to come to the same answer.
   */
  private takeActivation(value: Buffer, atMs: number): Taken {
    const record = decodeActivity(value);
    if (record.type !== 'PolicyActivated') throw new Error(`expected a PolicyActivated, got ${record.type}`);
    const activation = activationOf(record, atMs);
    const next = activation.revision === this.revision + 1;
    if (!next) return { kind: 'overtaken', id: record.id, activation };
    this.activations.push(activation);
    if (this.activations.length > ACTIVATIONS_MAX) this.activations.shift();
    if (activation.by === BY_CONFIGURATION) this.configuredBefore = activation;
    return { kind: 'activated', id: record.id, activation };
  }
}

function activationOf({ revision, policy, by, reason }: PolicyActivated, atMs: number): Activation {
  return { revision, policy, by, reason, atMs };
}
