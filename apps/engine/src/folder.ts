/**
 * Folding activity, the same code live and in replay: which policy judges, what counts as an activity's time, and the
 * core. No I/O, no clock.
 */
import type { Activity } from '#activity/types';
import { assess, clampTime, type AgentState, type Assessment, type Policy } from '#drift';
import { EngineError } from './errors.js';

/** Policies by digest. */
export interface PolicySource {
  get(digest: string): Policy | null;
  /** What judges the first activity of a partition, by its append time; null or absent = what the options say. */
  at?(appendTimeMs: number): { policy: string; revision: number } | null;
}

export interface FolderOptions {
  /** What judges until the log says otherwise. */
  policy: Policy;
  /** Revision it was activated with; 0 = from before they were counted, or none. */
  revision?: number;
  policies: PolicySource;
  /** How far an activity's time may be from its append time. */
  maxSkewMs: number;
  /** Judge with `policy` whatever the log says: replay with another policy. */
  pinned?: boolean;
}

/** Folds the records of one partition, in order. */
export class Folder {
  /** What judges now. */
  policy: Policy;
  revision: number;

  constructor(private readonly options: FolderOptions) {
    this.policy = options.policy;
    this.revision = options.revision ?? 0;
  }

  /**
   * For what is not an agent's: a policy takes effect, or time passed. An activation that is older than what judges, by
   * whichever engine it was written, changes nothing. False = that policy is not to be had.
   */
  turn(activity: Activity): boolean {
    if (activity.type !== 'PolicyActivated' || this.options.pinned) return true;
    if (activity.revision < this.revision) return true;
    const policy = this.options.policies.get(activity.policy);
    if (policy === null) return false;
    this.policy = policy;
    this.revision = activity.revision;
    return true;
  }

  /** The core's verdict on an agent's activity, judged at its clamped time. */
  fold(
    state: AgentState | null,
    activity: Activity,
    appendTimeMs: number,
  ): { assessment: Assessment; clamped: boolean } {
    const timed = clampTime(activity, appendTimeMs, this.options.maxSkewMs);
    return { assessment: assess(this.policy, state, timed), clamped: timed !== activity };
  }
}

/** False for what is said to a whole partition. */
export function isAgents(activity: Activity): boolean {
  return activity.type !== 'Tick' && activity.type !== 'PolicyActivated';
}

export function unknownPolicy(digest: string): EngineError {
  return new EngineError(
    'DL_ENGINE_POLICY_UNKNOWN',
    `the log says that policy ${digest} judges, and it is neither configured here nor on the policies topic: ` +
      'start an engine that has it, or publish it again; nothing is folded with another one',
  );
}
