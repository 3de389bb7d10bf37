/** Replay: recorded activity through a policy, with the code that runs live, to the verdicts. */
import { agentKey, type Activity, type PolicyActivated } from '#activity/types';
import { stateCodec } from '#store';
import type { AgentState, Assessment, Policy } from '#drift';
import { Folder, isAgents, unknownPolicy, type PolicySource } from './folder.js';

/** One activity as it stood on the log. */
export interface RecordedActivity {
  partition: number;
  offset: number;
  /** When the log appended it: what its time is clamped to. */
  appendTimeMs: number;
  activity: Activity;
}

export interface ReplayOptions {
  /** What judges until the records say otherwise. */
  policy: Policy;
  /** Policies that the records may name; only `policy` when absent. */
  policies?: PolicySource;
  /** Judge everything with `policy`, whatever the records say. */
  pinned?: boolean;
  /** As the engine that folded them had it. */
  maxSkewMs: number;
}

export interface ReplayVerdict {
  record: RecordedActivity;
  /** Agent key. */
  key: string;
  /** Digest of the policy that judged. */
  policy: string;
  assessment: Assessment;
}

/** Folds recorded activity; partitions may be mixed, but each must be in the order of its offsets. */
export class Replay {
  private readonly folders = new Map<number, Folder>();
  /** Agent key → state; a key belongs to one partition, so that one map does. */
  readonly states = new Map<string, AgentState>();

  constructor(private readonly options: ReplayOptions) {}

  /** Null for what is not an agent's: a policy that takes effect, a tick. Throws `DL_ENGINE_POLICY_UNKNOWN`. */
  fold(record: RecordedActivity): ReplayVerdict | null {
    const folder = this.folderOf(record);
    const { activity } = record;
    if (!isAgents(activity)) {
      if (!folder.turn(activity)) throw unknownPolicy((activity as PolicyActivated).policy);
      return null;
    }
    const key = agentKey(activity);
    const { assessment } = folder.fold(this.states.get(key) ?? null, activity, record.appendTimeMs);
    if (!assessment.duplicate) this.states.set(key, assessment.state);
    return { record, key, policy: folder.policy.digest, assessment };
  }

  /** The states as the store would hold them, byte for byte. */
  encodedStates(): Map<string, Uint8Array> {
    return new Map([...this.states].map(([key, state]) => [key, stateCodec.encode(state)]));
  }

  private folderOf({ partition, appendTimeMs }: RecordedActivity): Folder {
    let folder = this.folders.get(partition);
    if (!folder) {
      const { pinned, maxSkewMs } = this.options;
      const policies = this.policies();
      folder = new Folder({ ...this.first(policies, appendTimeMs), policies, pinned, maxSkewMs });
      this.folders.set(partition, folder);
    }
    return folder;
  }

  private policies(): PolicySource {
    const { policy, policies } = this.options;
    return policies ?? { get: (digest) => (digest === policy.digest ? policy : null) };
  }

  /** As the engine had it before the partition said anything. */
  private first(policies: PolicySource, appendTimeMs: number): { policy: Policy; revision: number } {
    const { policy, pinned } = this.options;
    const active = pinned ? null : (policies.at?.(appendTimeMs) ?? null);
    if (active === null) return { policy, revision: 0 };
    const known = policies.get(active.policy);
    if (known === null) throw unknownPolicy(active.policy);
    return { policy: known, revision: active.revision };
  }
}

/** Everything at once: the verdicts in order, and the states at the end. */
export function replayLog(
  records: Iterable<RecordedActivity>,
  options: ReplayOptions,
): { verdicts: ReplayVerdict[]; states: Map<string, AgentState> } {
  const replay = new Replay(options);
  const verdicts: ReplayVerdict[] = [];
  for (const record of records) {
    const verdict = replay.fold(record);
    if (verdict) verdicts.push(verdict);
  }
  return { verdicts, states: replay.states };
}
