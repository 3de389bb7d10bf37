/** The pure core: one activity folded into an agent's state, with what it yields. Shapes in `contract.ts`. */
import type { Activity, TaskEnded, ToolsListed } from '#activity/types';
import { foldCall, foldResult } from './calls.js';
import type { Assessment } from './contract.js';
import { published, stillLive } from './evidence.js';
import type { Policy } from './policy.js';
import { respond, type Standing } from './respond.js';
import { track } from './sequence.js';
import { copyOf, emptyState, type AgentState, type OpenTask } from './state.js';
import { foldContextChecked, foldLifted, foldTaskEnded, foldTaskStarted } from './task-words.js';
import { endOverdue, expiredTasks } from './tasks.js';
import { newTurn, type Turn } from './turn.js';
import { foldVerdict } from './verdicts.js';
import { remember, watch } from './watch.js';

/**
 * Pure: no clock, no randomness, no I/O; `state` and `activity` are never changed, the new state shares with the old
 * what it did not touch. `state` null = an agent never seen; idle beyond `idleMs` counts as that. Time is the
 * activity's, already clamped by `clampTime`; an activity older than the agent's clock is folded at the clock, with
 * its evidence aged. `Tick` and `PolicyActivated` belong to no agent and change nothing.
 */
export function assess(policy: Policy, state: AgentState | null, activity: Activity): Assessment {
  if (activity.type === 'Tick' || activity.type === 'PolicyActivated') {
    return unchanged(policy, state ?? emptyState(activity), activity, false);
  }
  const known = state !== null && activity.time - state.clockMs <= policy.idleMs ? state : null;
  const now = known === null ? activity.time : Math.max(known.clockMs, activity.time);
  const seen = track(known === null ? [] : known.instances, activity);
  if (seen.duplicate && known !== null) return unchanged(policy, known, activity, true);
  const next: AgentState = known === null ? emptyState(activity) : copyOf(known);
  next.policy = policy.digest;
  next.clockMs = now;
  next.instances = seen.instances;
  const turn = newTurn(policy, activity, now, next);
  forgetWhatIsOver(turn);
  const { risk, level } = fold(turn);
  const evidence =
    turn.yielded.length === 0 ? NO_EVIDENCE : turn.yielded.map((piece) => published(policy, piece));
  return {
    state: turn.state,
    evidence,
    findings: turn.findings,
    commands: turn.commands,
    risk,
    level,
    duplicate: false,
    gap: seen.gap,
  };
}
const NO_EVIDENCE: Assessment['evidence'] = [];

function fold(turn: Turn): Standing {
  const { activity } = turn;
  switch (activity.type) {
    case 'ToolCall':
      return foldCall(turn, activity);
    case 'ToolResult':
      return foldResult(turn, activity);
    case 'TaskStarted':
      return foldTaskStarted(turn, activity);
    case 'TaskEnded':
      return foldTaskEnded(turn, activity);
    case 'ContextChecked':
      return foldContextChecked(turn, activity);
    case 'RevocationLifted':
      return foldLifted(turn, activity);
    case 'VerdictGiven':
      return foldVerdict(turn, activity);
    case 'ToolsListed':
      return foldToolsListed(turn, activity);
    default:
      return respond(turn, null);
  }
}

/** Tool lists belong to no task: what is in them is the agent's. */
function foldToolsListed(turn: Turn, listed: ToolsListed): Standing {
  watch(turn, 'onToolsListed', listed, { task: null, lapse: null }, false);
  remember(turn, 'rememberTools', listed, null);
  return respond(turn, null);
}

function forgetWhatIsOver(turn: Turn): void {
  const { policy, state, now } = turn;
  if (state.tasks.length > 0) {
    for (const task of expiredTasks(state, now)) watchExpiry(turn, task);
    endOverdue(policy, state, now);
  }
  if (state.evidence.length > 0) state.evidence = stillLive(state.evidence, now);
  if (state.revocations.length > 0) state.revocations = lasting(state.revocations, now);
  if (state.settled.length > 0) state.settled = lasting(state.settled, now);
}

/** A task that expired has ended like any other, though nobody reported it. */
function watchExpiry(turn: Turn, task: OpenTask): void {
  const { activity } = turn;
  const ended: TaskEnded = {
    ...activity,
    type: 'TaskEnded',
    task: task.id,
    time: task.expiresAt,
    outcome: 'expired',
    by: 'expiry',
  };
  watch(turn, 'onTaskEnded', ended, { task, lapse: null }, false);
}

/** What has not ended yet; the same array when nothing has. */
function lasting<T extends { until: number }>(entries: T[], now: number): T[] {
  return entries.every(({ until }) => until > now) ? entries : entries.filter(({ until }) => until > now);
}

/** Nothing folded; risk and level as the agent's stand. */
function unchanged(policy: Policy, state: AgentState, activity: Activity, duplicate: boolean): Assessment {
  const now = Math.max(state.clockMs, activity.time);
  const turn = newTurn(policy, activity, now, copyOf(state));
  const { risk, level } = respond(turn, null);
  return { state, evidence: NO_EVIDENCE, findings: [], commands: [], risk, level, duplicate, gap: 0 };
}
