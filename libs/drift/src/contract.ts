/** What the pure core takes and gives. `assess` itself is in `assess.ts`. */
import type { Activity, Alert, Evidence, Level, Lift, Revocation, ToolCall } from '#activity/types';
import type { Policy } from './policy.js';
import type { AgentState } from './state.js';

export interface Finding {
  /** Stable within one activity: the rule that said so. */
  rule: string;
  level: Level;
  risk: number;
  /** Level or rule of a task, or (null) of the agent. */
  task: string | null;
  title: string;
  explanation: string;
  evidence: Evidence[];
  observed: boolean;
}

/** What the engine publishes: `revocations` and `alerts` topics. Ids derive from (activity id, rule). */
export type Command =
  { type: 'revoke'; revocation: Revocation } | { type: 'lift'; lift: Lift } | { type: 'alert'; alert: Alert };

export interface Assessment {
  state: AgentState;
  /** Yielded by this activity alone. */
  evidence: Evidence[];
  findings: Finding[];
  commands: Command[];
  /** After folding: of the activity's task, or the agent's where it has none. Unrounded, 0–100. */
  risk: number;
  level: Level;
  /** A retry that was already folded: state unchanged, nothing yielded. */
  duplicate: boolean;
  /** Sequence numbers newly found missing by this activity (0 = no gap). */
  gap: number;
}

/**
 * Pure: no clock, no randomness, no I/O; never mutates its arguments' observable value.
 * `state` null = an agent never seen, or idle beyond `idleMs`. Time is the activity's, already clamped by `clampTime`.
 */
export type Assess = (policy: Policy, state: AgentState | null, activity: Activity) => Assessment;

/** Would this proposed call be stopped? The prospective use: fold pending in order, then assess the proposal. */
export interface Verdict {
  allowed: boolean;
  /** Mildest response that stops it, null when allowed. */
  response: Revocation['response'] | null;
  /** Stable code, e.g. `context-check`, `restricted`, `task-revoked`, `agent-revoked`, `task-unknown`, `task-ended`. */
  reason: string;
  explanation: string;
  retryable: boolean;
  /** The (prospective or live) revocation that covers the call. */
  revocation: Revocation | null;
  assessment: Assessment;
}
export type Judge = (
  policy: Policy,
  state: AgentState | null,
  pending: Activity[],
  proposed: ToolCall,
) => Verdict;
