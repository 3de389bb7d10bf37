/** Ends of tasks, checks of them, and lifts: what orchestrators and people say. */
import type { ContextChecked, RevocationLifted, TaskEnded, TaskStarted, ToolCall } from '#activity/types';
import { taskOf, withSettled } from './evidence.js';
import { deriveId } from './hash.js';
import { countsIn, isImplicit } from './implicit-tasks.js';
import { liftCleared } from './lifting.js';
import { evidenceOfTask, riskOf } from './risk.js';
import { respond, type Standing } from './respond.js';
import type { EndedTask, LiveRevocation, OpenTask } from './state.js';
import { endTask, findDeclared, isOpen, startTask } from './tasks.js';
import { asCommand, command, limitedText, revoke, say, type Turn } from './turn.js';
import { remember, watch } from './watch.js';

/** How long gateways are told to refuse a task that is over, beyond its own expiry: longer than any call in flight. */
const OVER_HOLD_MS = 60 * 60_000;

export function foldTaskStarted(turn: Turn, started: TaskStarted): Standing {
  const { policy, state, now } = turn;
  const outcome = startTask(policy, state, started, now);
  if (outcome === 'task-limit') {
    const explanation = `Task ${started.task} was not opened: this agent has as many open tasks, or as much scope, as is kept. Its calls are refused; end other tasks first.`;
    const title = `Task ${started.task} is beyond the limit`;
    say(
      turn,
      {
        rule: 'task-limit',
        level: state.level,
        risk: 0,
        subject: started.task,
        title,
        explanation,
        evidence: [],
        observed: false,
      },
      'alert',
      null,
    );
  }
  if (outcome === 'started') watchStart(turn, started);
  return respond(turn, openTask(turn, started.task));
}

/** The task was made in this turn, so it may still be changed in place. */
function watchStart(turn: Turn, started: TaskStarted): void {
  const task = openTask(turn, started.task);
  watch(turn, 'onTaskStarted', started, { task, lapse: null }, false);
  remember(turn, 'rememberTask', started, task);
}

/** Ends the task and takes it away at every gateway. */
export function foldTaskEnded(turn: Turn, ended: TaskEnded): Standing {
  const { state, policy, now } = turn;
  const found = findDeclared(state, ended.task);
  if (found !== null && !isOpen(found)) return respond(turn, null);
  if (found !== null) watch(turn, 'onTaskEnded', ended, { task: found, lapse: null }, false);
  endTask(state, { id: ended.task, at: ended.time, outcome: ended.outcome });
  const reason = `Task ${ended.task} was ${ended.outcome} by ${ended.by}.`;
  const risk = riskOf(policy, evidenceOfTask(state.evidence, ended.task, false), now);
  const until = Math.max(found?.expiresAt ?? 0, now) + OVER_HOLD_MS;
  const revocation = taskRevocation(turn, ended.task, 'task-ended', reason, until, risk);
  command(turn, { type: 'revoke', revocation: asCommand(turn.policy, state, revocation, now) });
  return respond(turn, null);
}

/** A call got through on a task that is over: some gateway does not know. Tells all of them, once. */
export function revokeEnded(turn: Turn, call: ToolCall, lapse: EndedTask | 'unknown'): void {
  const { state, now } = turn;
  if (lapse === 'unknown') return;
  if (
    state.revocations.some((live) => live.rule === 'task-over' && live.task === lapse.id && live.until > now)
  )
    return;
  const reason = `Task ${lapse.id} was ${lapse.outcome}, but ${call.server}/${call.tool} was still called on it.`;
  revoke(turn, taskRevocation(turn, lapse.id, 'task-over', reason, now + OVER_HOLD_MS, 0));
}

/**
 * A passed check clears exactly the evidence shown, for this task, and lifts what rested on it alone.
 * A failed one revokes the task.
 */
export function foldContextChecked(turn: Turn, check: ContextChecked): Standing {
  const { state, policy, now } = turn;
  const task = openTask(turn, check.task);
  if (check.outcome === 'failed') return failed(turn, check, task);
  // What counts in undeclared work counts in all of its kind, and was shown with it.
  const shown = check.evidence.filter((key) => countsIn(check.task, taskOf(key)));
  state.evidence = state.evidence.filter(({ key }) => !shown.includes(key));
  const until = task !== null && !task.implicit ? task.expiresAt : now + policy.settledMs;
  if (task !== null || isImplicit(check.task)) state.settled = withSettled(state.settled, shown, until);
  state.tasks = state.tasks.map((open) =>
    open.id === check.task ? { ...open, checkedAt: now, callsSinceCheck: 0, approved: open.used } : open,
  );
  turn.fresh = true;
  const standing = respond(turn, openTask(turn, check.task));
  liftCleared(turn, check, ({ subject }) => subject === check.task);
  return standing;
}

function failed(turn: Turn, check: ContextChecked, task: OpenTask | null): Standing {
  const { state, policy, now } = turn;
  const standing = respond(turn, task);
  const evidence = evidenceOfTask(state.evidence, check.task, false);
  const what = isImplicit(check.task) ? 'undeclared work of the agent' : `task ${check.task}`;
  const explanation = `${check.by} looked at ${what} and found it no longer justified: ${check.reason}`;
  const until = Math.max(task?.expiresAt ?? 0, now) + OVER_HOLD_MS;
  const risk = riskOf(policy, evidence, now);
  const revocation: LiveRevocation = {
    ...taskRevocation(turn, check.task, 'check-failed', explanation, until, risk),
    task: isImplicit(check.task) ? null : check.task,
    evidence: evidence.map(({ key }) => key),
  };
  const title = `${isImplicit(check.task) ? 'Undeclared work' : `Task ${check.task}`} failed its context check`;
  revoke(turn, revocation);
  const { level } = standing;
  say(
    turn,
    { rule: 'check-failed', level, risk, subject: check.task, title, explanation, evidence, observed: false },
    'revoke-task',
    revocation.id,
  );
  return standing;
}

/** A named person ended a revocation: its evidence is answered, here and from now on. */
export function foldLifted(turn: Turn, lifted: RevocationLifted): Standing {
  const { state, policy, now } = turn;
  const live = state.revocations.find(({ id }) => id === lifted.revocation);
  if (live === undefined) return respond(turn, null);
  state.revocations = state.revocations.filter((other) => other !== live);
  state.evidence = state.evidence.filter(({ key }) => !live.evidence.includes(key));
  state.settled = withSettled(state.settled, live.evidence, now + policy.settledMs);
  turn.fresh = true;
  return respond(turn, live.subject === null ? null : openTask(turn, live.subject));
}

function openTask({ state }: Turn, id: string): OpenTask | null {
  return state.tasks.find((task) => task.id === id) ?? null;
}

function taskRevocation(
  turn: Turn,
  task: string,
  rule: string,
  reason: string,
  until: number,
  risk: number,
): LiveRevocation {
  return {
    id: deriveId(turn.activity.id, `${rule}/${task}`),
    rule,
    subject: task,
    task,
    effects: null,
    response: 'revoke-task',
    issuedAt: turn.now,
    until,
    reason: limitedText(reason),
    risk,
    policy: turn.policy.digest,
    cause: turn.activity.id,
    evidence: [],
    observed: false,
  };
}
