/** One fold in progress: the new state as it comes into being, and what the activity yielded so far. */
import {
  agentKey,
  clipText,
  type Activity,
  type Alert,
  type Evidence,
  type Level,
  type Response,
  type Revocation,
} from '#activity/types';
import type { Command, Finding } from './contract.js';
import { publishedAt } from './evidence.js';
import { deriveId } from './hash.js';
import { LIMITS } from './limits.js';
import type { Policy } from './policy.js';
import { weightAt } from './risk.js';
import type { AgentState, LiveEvidence, LiveRevocation } from './state.js';

export interface Turn {
  policy: Policy;
  activity: Activity;
  /** The agent's clock after this activity. */
  now: number;
  /** A copy of its own at the top; everything below is shared until replaced. */
  state: AgentState;
  /** Evidence of this activity, new or refreshed. */
  yielded: LiveEvidence[];
  findings: Finding[];
  commands: Command[];
  /** Somebody with a name has just looked: levels are taken afresh, without hysteresis. */
  fresh: boolean;
}

const NOTHING: never[] = [];

/** `state` is changed at the top only; it must be a copy of its own. */
export function newTurn(policy: Policy, activity: Activity, now: number, state: AgentState): Turn {
  return {
    policy,
    activity,
    now,
    state,
    yielded: NOTHING,
    findings: NOTHING,
    commands: NOTHING,
    fresh: false,
  };
}

/** What a finding says, before it is known what was done about it. */
export interface Statement {
  rule: string;
  level: Level;
  risk: number;
  /** Task id, declared or implicit; null = the agent. */
  subject: string | null;
  title: string;
  explanation: string;
  evidence: LiveEvidence[];
  observed: boolean;
}

/** Records a finding; with `response` it also becomes an alert. */
export function say(turn: Turn, said: Statement, response: Response | null, revocation: string | null): void {
  const { rule, level, risk, subject, title, explanation, observed } = said;
  const evidence = heaviest(turn.policy, said.evidence, turn.now);
  const finding: Finding = { rule, level, risk, task: subject, title, explanation, evidence, observed };
  turn.findings = [...turn.findings, finding];
  if (response === null) return;
  const { tenant } = turn.state;
  const alert: Alert = {
    id: deriveId(turn.activity.id, `alert/${rule}/${subject ?? ''}`),
    tenant,
    agent: agentKey(turn.state),
    task: subject,
    at: turn.now,
    level,
    risk,
    title,
    explanation,
    evidence,
    response,
    observed,
    revocation,
    policy: turn.policy.digest,
    cause: turn.activity.id,
  };
  command(turn, { type: 'alert', alert });
}

export function command(turn: Turn, one: Command): void {
  turn.commands = [...turn.commands, one];
}

/** Remembers a revocation and, unless it is only observed, commands it. */
export function revoke(turn: Turn, revocation: LiveRevocation): void {
  const { state } = turn;
  const kept = state.revocations.filter(({ id }) => id !== revocation.id);
  if (kept.length >= LIMITS.revocations) kept.splice(firstToEnd(kept), 1);
  state.revocations = [...kept, revocation];
  if (!revocation.observed) {
    command(turn, { type: 'revoke', revocation: asCommand(turn.policy, state, revocation, turn.now) });
  }
}

/** A revocation as the rest of the world knows it. */
export function asCommand(judging: Policy, state: AgentState, live: LiveRevocation, now: number): Revocation {
  const { id, task, effects, response, issuedAt, until, reason, risk, policy, cause } = live;
  return {
    id,
    tenant: state.tenant,
    agent: agentKey(state),
    task,
    server: null,
    effects,
    tools: null,
    dataClasses: null,
    response,
    issuedAt,
    until,
    reason,
    retryable: isRetryable(response),
    evidence: heaviest(
      judging,
      state.evidence.filter(({ key }) => live.evidence.includes(key)),
      now,
    ),
    risk,
    policy,
    by: 'policy',
    cause,
  };
}

/** A context check or time can bring back what these take away; a revoked task or agent is over for now. */
export function isRetryable(response: Response): boolean {
  return response === 'context-check' || response === 'restrict';
}

/** As published, heaviest first, at most as many as are named. */
export function heaviest(policy: Policy, evidence: LiveEvidence[], now: number): Evidence[] {
  return evidence
    .toSorted((a, b) => weightAt(b, now) - weightAt(a, now) || (a.key < b.key ? -1 : 1))
    .slice(0, LIMITS.named)
    .map((piece) => publishedAt(policy, piece, now));
}

/** Half a character at the cut could not be written down, so it is replaced. */
export function limitedText(text: string): string {
  if (text.length <= LIMITS.explanation) return text;
  return `${clipText(text.slice(0, LIMITS.explanation - 1), Infinity)}…`;
}

function firstToEnd(revocations: LiveRevocation[]): number {
  let first = 0;
  for (let i = 1; i < revocations.length; i++) {
    if ((revocations[i] as LiveRevocation).until < (revocations[first] as LiveRevocation).until) first = i;
  }
  return first;
}
