/**
 * What the engine keeps per agent: one bounded record (design §5). Owned by the core; `schemas/agent-state.avsc`
 * mirrors it field by field. Values are never changed in place: a fold makes new ones and shares what it did not touch.
 * Times are milliseconds since the epoch, whole numbers.
 */
import type { Assurance, Effect, Level, Response, Scope } from '#activity/types';
import type { Lineage } from './lineage.js';
import type { Requests } from './requests.js';

/** Decayed counts by name. Two arrays of one length, because copying numbers is cheap. */
export interface Counts {
  names: string[];
  /** Scaled by `2^((t − landmark) / half-life)` at the time of counting (forward decay). */
  amounts: number[];
}

/** What this agent usually does. */
export interface Profile {
  /** Amounts are relative to this time. */
  landmarkMs: number;
  /** Calls learned. */
  calls: number;
  /** Results learned. */
  results: number;
  /** `server/tool`; counts of servers are their sums. */
  tools: Counts;
  /** Sensitive data classes, touched by calls or results. */
  classes: Counts;
  /** `read>write` … within a task, `start>read` for its first call; counts of effects are their sums. */
  transitions: Counts;
  /** Resource areas of calls. */
  areas: Counts;
}

/** How much happens: decayed with a half-life of a minute, in windows, and what is usual of that. Constant in size. */
export interface Rate {
  at: number;
  calls: number;
  argumentsBytes: number;
  resultBytes: number;
  records: number;
  /** Start of the window that is being added up; 0 = none. */
  windowAt: number;
  windowCalls: number;
  windowArgumentBytes: number;
  windowResultBytes: number;
  windowRecords: number;
  /** Targets reached in the window: a linear counter, four words of 32 bits; empty = none. */
  targets: number[];
  /** Windows learned. */
  windows: number;
  /** Of the `QUANTITIES` of a window, in their order: mean of log2(1 + n). Empty before the first window ended. */
  usual: number[];
  /** Likewise: mean absolute deviation. */
  spread: number[];
  /** Likewise: how far windows have been above the usual, summed up (CUSUM). */
  rises: number[];
  /** Signature of the call that may be going round; 0 = none. */
  loop: number;
  /** How often it came, less what came in between. */
  loopCount: number;
}

/** A tool's definition as the agent knows it. */
export interface Definition {
  /** `server/tool`, or its digest when long. */
  tool: string;
  /** First 64 bits of the definition's digest, hex. */
  digest: string;
}

/** One live piece of evidence; taxonomy tags follow from the detector. The list is ordered by key. */
export interface LiveEvidence {
  /** `kind@task`, unique within the agent. */
  key: string;
  /** What it is about, apart from the task: the same kind in several tasks counts once for the agent. */
  kind: string;
  detector: string;
  task: string | null;
  weight: number;
  time: number;
  halfLifeMs: number;
  /** A person confirmed it: it weighs in full until then, and ages from there; 0 = nobody did. */
  heldUntil: number;
  explanation: string;
  cause: string;
  /** Counts only towards what is observed, not towards what is enforced. */
  observed: boolean;
}

/** Something a task was exposed to: what it has read, or a way out it has used. */
export interface ReadMark {
  what: 'class' | 'trust' | 'out';
  /** Data class; `third-party` or `unknown`; of a way out `outside` or `maybe`. */
  name: string;
  at: number;
  /** Came from another implicit task or a parent: it weighs less with age. */
  inherited: boolean;
}

/**
 * How far one sequence rule has come in one place, kept per number of steps reached: constant, whatever happens.
 * `docs/adr/0013-sequences-in-constant-state.md` says why that misses nothing.
 */
export interface SequenceProgress {
  /** Names the rule and the shape of its steps, 32 bits. */
  rule: number;
  chains: SequenceChain[];
}

/** Steps done one after another. */
export interface SequenceChain {
  /** Steps done, a repeated one counted each time; 0 = all of them, waiting for what must not be absent. */
  reached: number;
  /** When each step was first done; of a complete chain the last one is when it became complete. */
  times: number[];
  /** Fingerprints (their first 32 bits) that a later step must share; empty = none has to. */
  prints: number[];
  /** Some of those had to be dropped: what is not found then counts as found. */
  more: boolean;
}

/** Progress that belongs to no declared task. */
export interface SequencePlace {
  /** `shared`: what was too much to keep apart counts everywhere. */
  of: 'agent' | 'principal' | 'shared';
  /** With `of: principal`, whom its undeclared work is for. */
  principal: string | null;
  progress: SequenceProgress[];
}

/** What a task has used, as bits: effects by their number, servers and sensitive data classes by hash. */
export interface Used {
  effects: number;
  /** 1 = content whose author is not known, 2 = content that others write. */
  content: number;
  servers: number;
  classes: number;
}

/** A gateway instance that an agent was active from. */
export interface Place {
  instance: string;
  at: number;
}

export interface OpenTask {
  /** Declared id. Implicit tasks of one principal share one, so that what counts against one counts against all. */
  id: string;
  implicit: boolean;
  principal: string | null;
  conversation: string | null;
  parentTask: string | null;
  /** What kind of work it was opened as; null for implicit tasks. */
  kind: string | null;
  scope: Scope | null;
  startedAt: number;
  /** 0 = an implicit task, which ends by idleness. */
  expiresAt: number;
  lastAt: number;
  calls: number;
  callsSinceCheck: number;
  /** Last passed context check, 0 = none. */
  checkedAt: number;
  /** What it had used by its last approval, or was approved to use. */
  approved: Used;
  /** Also what it has used since. */
  used: Used;
  /** Short name of the delegation chain it began under; empty = none, null = not known yet. */
  chain: string | null;
  lastEffect: Effect | null;
  marks: ReadMark[];
  /** Of a declared task; what undeclared work has reached stands in the agent's `sequences`. */
  sequences: SequenceProgress[];
  /** Where the values that it met came from; null = it met none. */
  lineage: Lineage | null;
  /** What intent and texts asked for; null = neither is known of. */
  requests: Requests | null;
  /** Decayed count of refused and failed calls, as of `failuresAt`. */
  failures: number;
  failuresAt: number;
  level: Level;
  /** Level with what is only observed. */
  observedLevel: Level;
}

export interface EndedTask {
  id: string;
  at: number;
  outcome: 'completed' | 'cancelled' | 'expired';
}

/** What ended implicit tasks of a principal leave to its next one. */
export interface Carried {
  /** Id of the implicit tasks of this principal. */
  task: string;
  marks: ReadMark[];
  /** Origins of values that came out of text (`origin.ts`), ordered, and when the last of them was active. */
  lineage: number[];
  lineageAt: number;
  /** Requests that nobody vouched for; `requests.ts`. */
  requests: number[];
  level: Level;
  observedLevel: Level;
}

/** A revocation that the core issued and that may still hold. */
export interface LiveRevocation {
  id: string;
  /** Rule of the policy, or one of the core's own. */
  rule: string;
  /** Task whose evidence it is, declared or implicit; null = the agent's. */
  subject: string | null;
  /** Task it takes away from, as gateways know it; null = all of the agent's. */
  task: string | null;
  effects: Effect[] | null;
  response: Response;
  issuedAt: number;
  until: number;
  reason: string;
  risk: number;
  policy: string;
  cause: string;
  /** Keys of the evidence behind it. */
  evidence: string[];
  observed: boolean;
}

/** Evidence that a person or a passed check answered: it is not yielded again. */
export interface SettledKey {
  key: string;
  until: number;
}

export interface MissingRange {
  from: number;
  /** Included. */
  to: number;
}

/** What was seen of one gateway instance's numbering. The list is ordered by recency, latest last. */
export interface InstanceWindow {
  instance: string;
  highest: number;
  missing: MissingRange[];
}

export interface AgentState {
  /** Digest of the policy it was last folded with. */
  policy: string;
  tenant: string;
  /** SPIFFE ID or claimed identity; with `assurance` and `tenant` the agent key. */
  agent: string;
  assurance: Assurance;
  /** Latest activity time seen. */
  clockMs: number;
  level: Level;
  observedLevel: Level;
  profile: Profile;
  rate: Rate;
  /** Definitions of tools it has listed or called, latest seen last. */
  definitions: Definition[];
  evidence: LiveEvidence[];
  tasks: OpenTask[];
  ended: EndedTask[];
  carried: Carried[];
  revocations: LiveRevocation[];
  settled: SettledKey[];
  instances: InstanceWindow[];
  /** Of an agent that policy wants in one place, latest last. */
  places: Place[];
  /** Servers nobody catalogued, announced as observed. */
  observing: string[];
  /** Exceptions (`id@expiry`) that would have excused something and had expired; announced once each. */
  lapsed: string[];
  /** How far sequence rules have come outside declared tasks. */
  sequences: SequencePlace[];
}

const NOTHING_USED: Used = { effects: 0, content: 0, servers: 0, classes: 0 };
const none: Counts = { names: [], amounts: [] };
const NO_RATE: Rate = {
  at: 0,
  calls: 0,
  argumentsBytes: 0,
  resultBytes: 0,
  records: 0,
  windowAt: 0,
  windowCalls: 0,
  windowArgumentBytes: 0,
  windowResultBytes: 0,
  windowRecords: 0,
  targets: [],
  windows: 0,
  usual: [],
  spread: [],
  rises: [],
  loop: 0,
  loopCount: 0,
};

/** The state of an agent never seen. */
export function emptyState(
  who: { tenant: string; agent: string; assurance: Assurance } = {
    tenant: '',
    agent: '',
    assurance: 'verified',
  },
): AgentState {
  return {
    policy: '',
    tenant: who.tenant,
    agent: who.agent,
    assurance: who.assurance,
    clockMs: 0,
    level: 'normal',
    observedLevel: 'normal',
    profile: {
      landmarkMs: 0,
      calls: 0,
      results: 0,
      tools: none,
      classes: none,
      transitions: none,
      areas: none,
    },
    rate: NO_RATE,
    definitions: [],
    evidence: [],
    tasks: [],
    ended: [],
    carried: [],
    revocations: [],
    settled: [],
    instances: [],
    places: [],
    observing: [],
    lapsed: [],
    sequences: [],
  };
}

/** A declared task just opened, with nothing but its id; implicit ones start from it too. */
export function newTask(id: string, now: number): OpenTask {
  return {
    id,
    implicit: false,
    principal: null,
    conversation: null,
    parentTask: null,
    kind: null,
    scope: null,
    startedAt: now,
    expiresAt: 0,
    lastAt: now,
    calls: 0,
    callsSinceCheck: 0,
    checkedAt: 0,
    approved: NOTHING_USED,
    used: NOTHING_USED,
    chain: null,
    lastEffect: null,
    marks: [],
    sequences: [],
    lineage: null,
    requests: null,
    failures: 0,
    failuresAt: now,
    level: 'normal',
    observedLevel: 'normal',
  };
}

/** A copy whose fields may be replaced. Spelled out: this runs once per activity, and a spread is twice as slow. */
export function copyOf(state: AgentState): AgentState {
  return {
    policy: state.policy,
    tenant: state.tenant,
    agent: state.agent,
    assurance: state.assurance,
    clockMs: state.clockMs,
    level: state.level,
    observedLevel: state.observedLevel,
    profile: state.profile,
    rate: state.rate,
    definitions: state.definitions,
    evidence: state.evidence,
    tasks: state.tasks,
    ended: state.ended,
    carried: state.carried,
    revocations: state.revocations,
    settled: state.settled,
    instances: state.instances,
    places: state.places,
    observing: state.observing,
    lapsed: state.lapsed,
    sequences: state.sequences,
  };
}

/** Likewise of a task. */
export function copyOfTask(task: OpenTask): OpenTask {
  return {
    id: task.id,
    implicit: task.implicit,
    principal: task.principal,
    conversation: task.conversation,
    parentTask: task.parentTask,
    kind: task.kind,
    scope: task.scope,
    startedAt: task.startedAt,
    expiresAt: task.expiresAt,
    lastAt: task.lastAt,
    calls: task.calls,
    callsSinceCheck: task.callsSinceCheck,
    checkedAt: task.checkedAt,
    approved: task.approved,
    used: task.used,
    chain: task.chain,
    lastEffect: task.lastEffect,
    marks: task.marks,
    sequences: task.sequences,
    lineage: task.lineage,
    requests: task.requests,
    failures: task.failures,
    failuresAt: task.failuresAt,
    level: task.level,
    observedLevel: task.observedLevel,
  };
}
