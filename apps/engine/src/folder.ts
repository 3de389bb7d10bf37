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
}

export interface FolderOptions {
  /** What judges until the log says otherwise. */
  policy: Policy;
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

  constructor(private readonly options: FolderOptions) {
    this.policy = options.policy;
  }

  /** For what is not an agent's: a policy takes effect, or time passed. False = that policy is not to be had. */
  turn(activity: Activity): boolean {
    if (activity.type !== 'PolicyActivated' || this.options.pinned) return true;
    const policy = this.options.policies.get(activity.policy);
    if (policy) this.policy = policy;
    return policy !== null;
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
