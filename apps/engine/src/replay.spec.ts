import { describe, expect, it } from 'vitest';
import type { Activity, ContextChecked, PolicyActivated } from '#activity/types';
import { defaultPolicy } from '#policy';
import { EngineError } from './errors.js';
import { Replay, replayLog, type RecordedActivity } from './replay.js';

const T = 1_790_000_000_000;
const policy = defaultPolicy();
const other = { ...policy, digest: 'f'.repeat(64) };

const base = {
  tenant: 'acme',
  assurance: 'verified' as const,
  principal: null,
  actors: [],
  source: 'gateway/g',
  instance: 'g-1',
  pending: false,
  conversation: null,
};

function checked(sequence: number, time = T): ContextChecked {
  return {
    ...base,
    type: 'ContextChecked',
    id: `g-1-${sequence}`,
    agent: 'spiffe://acme/a',
    time,
    sequence,
    task: 't0-1',
    outcome: 'failed',
    by: 'ada',
    reason: '',
    evidence: [],
  };
}

function activated(digest: string, revision = 1): PolicyActivated {
  return {
    ...base,
    type: 'PolicyActivated',
    id: `e-${digest}-${revision}`,
    agent: '',
    time: T,
    sequence: 1,
    task: null,
    policy: digest,
    revision,
    by: 'ada',
    reason: '',
  };
}

const record = (offset: number, activity: Activity, partition = 0): RecordedActivity => {
  return { partition, offset, appendTimeMs: T, activity };
};

describe('replay', () => {
  it('judges with the policy that the records name, from their place on, per partition', () => {
    const policies = {
      get: (digest: string) => [policy, other].find((one) => one.digest === digest) ?? null,
    };
    const records = [
      record(0, checked(1)),
      record(1, activated(other.digest)),
      record(2, checked(2)),
      record(0, checked(3), 1),
    ];
    const { verdicts } = replayLog(records, { policy, policies, maxSkewMs: 1_000 });
    expect(verdicts.map((verdict) => verdict.policy)).toEqual([policy.digest, other.digest, policy.digest]);
  });

  it('never goes back to an older revision, whoever wrote it, and starts with what was active then', () => {
    const policies = {
      get: (digest: string) => [policy, other].find((one) => one.digest === digest) ?? null,
      at: (appendTimeMs: number) => (appendTimeMs < T ? null : { policy: policy.digest, revision: 3 }),
    };
    const records = [
      record(0, checked(1)),
      record(1, activated(other.digest, 2)),
      record(2, checked(2)),
      record(3, activated(other.digest, 4)),
      record(4, checked(3)),
      record(5, activated('0'.repeat(64), 3)),
      record(6, activated(policy.digest, 0)),
      record(7, checked(4)),
    ];
    const { verdicts } = replayLog(records, { policy: other, policies, maxSkewMs: 1_000 });
    const judged = verdicts.map((verdict) => verdict.policy);
    expect(judged).toEqual([policy.digest, policy.digest, other.digest, other.digest]);
  });

  it('keeps to the policy it was told when asked to, and refuses one it does not have', () => {
    const records = [record(0, activated(other.digest)), record(1, checked(1))];
    const { verdicts } = replayLog(records, { policy, pinned: true, maxSkewMs: 1_000 });
    expect(verdicts[0]?.policy).toBe(policy.digest);
    expect(() => replayLog(records, { policy, maxSkewMs: 1_000 })).toThrow(EngineError);
  });

  it('clamps times by the append time, and folds a retry once', () => {
    const replay = new Replay({ policy, maxSkewMs: 1_000 });
    replay.fold(record(0, checked(1, T + 3_600_000)));
    expect([...replay.states.values()][0]?.clockMs).toBe(T + 1_000);
    const before = replay.encodedStates();
    expect(replay.fold(record(1, checked(1, T + 3_600_000)))?.assessment.duplicate).toBe(true);
    expect(replay.encodedStates()).toEqual(before);
  });
});
