/**
 * Exceptions: evidence that a named person answers for, until a day. What an exception excuses is not kept at all, so
 * that it alarms nobody; it leaves a finding, so that nothing is hidden from whoever looks. Past its day it excuses
 * nothing more, and says so once to each agent it would have excused. Why: ADR 8.
 */
import type { Activity } from '#activity/types';
import { matchesName } from './glob.js';
import { LIMITS } from './limits.js';
import type { LiveEvidence, OpenTask } from './state.js';
import { say, type Turn } from './turn.js';

/** Of every condition that is not null one entry must match; names of tools, agents and kinds are globs (`*`). */
export interface Exception {
  id: string;
  owner: string;
  reason: string;
  /** The last day or moment that it excuses, as its owner wrote it. */
  expires: string;
  /** From then on it excuses nothing. */
  expiresAt: number;
  detectors: string[] | null;
  /** Kinds of evidence, as in its key before the `@`. */
  kinds: string[] | null;
  /** `server/tool`. */
  tools: string[] | null;
  /** SPIFFE IDs, or what was asserted. */
  agents: string[] | null;
  tenants: string[] | null;
  /** Kinds of declared tasks. */
  taskKinds: string[] | null;
}

/** True when a live exception covers this piece. An expired one says so and covers nothing. */
export function isExcused(turn: Turn, task: OpenTask | null, piece: LiveEvidence): boolean {
  const { exceptions } = turn.policy;
  if (exceptions === undefined) return false;
  let expired: Exception | null = null;
  for (const exception of exceptions) {
    if (!covers(exception, turn, task, piece)) continue;
    if (turn.now < exception.expiresAt) {
      tellExcused(turn, exception, piece);
      return true;
    }
    expired ??= exception;
  }
  if (expired !== null) tellExpired(turn, expired, piece);
  return false;
}

function covers(exception: Exception, turn: Turn, task: OpenTask | null, piece: LiveEvidence): boolean {
  const { detectors, kinds, tools, agents, tenants, taskKinds } = exception;
  const { activity } = turn;
  return (
    (detectors === null || detectors.includes(piece.detector)) &&
    (tenants === null || tenants.includes(activity.tenant)) &&
    (taskKinds === null || (task !== null && task.kind !== null && taskKinds.includes(task.kind))) &&
    isAny(kinds, piece.kind) &&
    isAny(agents, activity.agent) &&
    isAny(tools, toolOf(activity))
  );
}

function isAny(globs: string[] | null, name: string | null): boolean {
  return globs === null || (name !== null && globs.some((glob) => matchesName(glob, name)));
}

function toolOf(activity: Activity): string | null {
  const isTools = activity.type === 'ToolCall' || activity.type === 'ToolResult';
  return isTools ? `${activity.server}/${activity.tool}` : null;
}

/** A finding without an alert. */
function tellExcused(turn: Turn, { id, owner, expires, reason }: Exception, piece: LiveEvidence): void {
  tell(turn, {
    rule: `exception/${id}`,
    title: `Excused by exception ${id}`,
    explanation: `${owner} answers for ${piece.kind} until ${expires}: ${reason}`,
    alerts: false,
  });
}

function tellExpired(
  turn: Turn,
  { id, owner, expires, expiresAt, reason }: Exception,
  piece: LiveEvidence,
): void {
  const { state } = turn;
  const said = `${id}@${expiresAt}`;
  if (state.lapsed.includes(said)) return;
  state.lapsed = [...state.lapsed, said].slice(-LIMITS.lapsed);
  tell(turn, {
    rule: `exception/${id}`,
    title: `Exception ${id} has expired`,
    explanation: `It excused ${piece.kind} up to ${expires} and no longer does. ${owner} answers for it: renew it in the policy, or take it out. It said: ${reason}`,
    alerts: true,
  });
}

interface Told {
  rule: string;
  title: string;
  explanation: string;
  alerts: boolean;
}
function tell(turn: Turn, { rule, title, explanation, alerts }: Told): void {
  const said = { rule, level: 'normal', risk: 0, subject: null, title, explanation } as const;
  say(turn, { ...said, evidence: [], observed: true }, alerts ? 'observe' : null, null);
}
