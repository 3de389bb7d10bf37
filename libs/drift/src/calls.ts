/** Folding of calls and results: where they count, what the detectors see in them, what is learned. */
import type { Activity, ToolCall, ToolResult } from '#activity/types';
import { isCatalogued } from './catalogue.js';
import { failuresAt } from './detectors/refusals.js';
import { implicitTask, siblingsOf } from './implicit-tasks.js';
import { higherLevel } from './levels.js';
import { LIMITS } from './limits.js';
import { marked } from './marks.js';
import type { Policy } from './policy.js';
import { learnCall, learningAt, learnResult, type Learning } from './profile.js';
import { rateAfterCall, rateAfterResult } from './rate.js';
import { sensitivityOf } from './sensitivity.js';
import { respond, type Standing } from './respond.js';
import { revokeEnded } from './task-words.js';
import { findDeclared, isOpen, onlyDeclared, replaceTask } from './tasks.js';
import { say, type Turn } from './turn.js';
import { remember, watch, type Place } from './watch.js';
import { copyOfTask, type AgentState, type OpenTask, type ReadMark } from './state.js';

export function foldCall(turn: Turn, call: ToolCall): Standing {
  const { state, policy, now } = turn;
  const place = placeOfCall(turn, call);
  const observed = call.uncatalogued && policy.uncatalogued === 'observe';
  if (observed) announceObserved(turn, call);
  const ran = call.decision === 'allowed';
  watch(turn, ran || call.basis === 'assessed' ? 'onCall' : 'onRefused', call, place, observed);
  if (place.lapse !== null && ran) revokeEnded(turn, call, place.lapse);
  const previous = place.task?.lastEffect ?? null;
  const task = place.task === null ? null : calledTask(turn, place.task, call, ran);
  const standing = respond(turn, task);
  if (ran) {
    const learning = learningOf(turn, standing);
    if (learning !== null) state.profile = learnCall(state.profile, call, previous, learning);
    state.rate = rateAfterCall(state.rate, call, now, learning?.share ?? 0);
  }
  return standing;
}

export function foldResult(turn: Turn, result: ToolResult): Standing {
  const { state, now } = turn;
  const place = placeOfResult(turn, result);
  const received = result.outcome !== 'withheld' && result.outcome !== 'cancelled';
  if (received) watch(turn, 'onResult', result, place, isObservedResult(turn, result));
  const task = place.task === null ? null : resultTask(turn, place.task, result, received);
  const standing = respond(turn, task);
  if (received) {
    const learning = learningOf(turn, standing);
    if (learning !== null) state.profile = learnResult(state.profile, result, learning);
    state.rate = rateAfterResult(state.rate, result, now, learning?.share ?? 0);
  }
  return standing;
}

/**
 * A call on a task that is over counts in the agent's implicit task, so that it escapes nothing; unless it happened
 * before the end and was only reported late.
 */
function placeOfCall({ state, now }: Turn, call: ToolCall): Place {
  if (call.task === null) return { task: unnamedTask(state, call, now), lapse: null };
  const found = findDeclared(state, call.task);
  if (isOpen(found)) return { task: found, lapse: null };
  if (found !== null && call.time < found.at) return { task: null, lapse: null };
  return { task: implicitTask(state, call, now), lapse: found ?? 'unknown' };
}

/** An activity that names no task: leaving the name out is no way out of the one task that was declared. */
function unnamedTask(state: AgentState, activity: Activity, now: number): OpenTask {
  return onlyDeclared(state, activity) ?? implicitTask(state, activity, now);
}

function placeOfResult({ state, now }: Turn, result: ToolResult): Place {
  if (result.task === null) return { task: unnamedTask(state, result, now), lapse: null };
  const found = findDeclared(state, result.task);
  return { task: isOpen(found) ? found : null, lapse: null };
}

function calledTask(turn: Turn, task: OpenTask, call: ToolCall, ran: boolean): OpenTask {
  const { now } = turn;
  const next = copyOfTask(task);
  next.lastAt = now;
  if (ran) {
    next.calls += 1;
    next.callsSinceCheck += 1;
    next.lastEffect = call.effect;
  } else {
    next.failures = failuresAt(task, now) + 1;
    next.failuresAt = now;
  }
  if (ran) remember(turn, 'rememberCall', call, next);
  replaceWithMarks(turn, task, next);
  return next;
}

/** What one task was exposed to, its siblings were: new marks reach them too, as passed on. */
function replaceWithMarks({ policy, state }: Turn, before: OpenTask, after: OpenTask): void {
  if (after.marks === before.marks) return replaceTask(state, before, after);
  const news = after.marks.filter((mark) => !before.marks.includes(mark));
  const siblings = siblingsOf(state, before);
  replaceTask(state, before, after);
  for (const sibling of siblings) {
    replaceTask(state, sibling, { ...sibling, marks: withMarks(policy, sibling.marks, news, true) });
  }
}

function resultTask(turn: Turn, task: OpenTask, result: ToolResult, received: boolean): OpenTask {
  const { policy, now } = turn;
  const marks = received ? marksOf(policy, result) : [];
  const failed = result.outcome === 'error';
  const next = copyOfTask(task);
  next.lastAt = now;
  next.marks = withMarks(policy, task.marks, marks, false);
  if (failed) {
    next.failures = failuresAt(task, now) + 1;
    next.failuresAt = now;
  }
  if (received) remember(turn, 'rememberResult', result, next);
  replaceWithMarks(turn, task, next);
  return next;
}

type Mark = Pick<ReadMark, 'what' | 'name' | 'at'>;

/** What a result exposes its task to: sensitive classes, and whoever is not known to be one of us. */
function marksOf(policy: Policy, result: ToolResult): Mark[] {
  const marks: Mark[] = [];
  for (const name of result.dataClasses) {
    if (sensitivityOf(policy.dataClasses, name) > 0) marks.push({ what: 'class', name, at: result.time });
  }
  if (result.trust !== 'own') marks.push({ what: 'trust', name: result.trust, at: result.time });
  return marks;
}

function withMarks(policy: Policy, before: ReadMark[], marks: Mark[], inherited: boolean): ReadMark[] {
  let all = before;
  for (const { what, name, at } of marks) all = marked(policy, all, { what, name, at, inherited });
  return all;
}

/** Null where nothing is learned. */
function learningOf({ state, policy, now }: Turn, { level }: Standing): Learning | null {
  const share = learningAt(higherLevel(level, state.level));
  if (share === 0) return null;
  return { share, now, halfLifeMs: policy.profileHalfLifeMs, sensitivities: policy.dataClasses };
}

/** Says once per server that nobody catalogued it and that it is only observed. */
function announceObserved(turn: Turn, call: ToolCall): void {
  const { state } = turn;
  if (state.observing.includes(call.server) || state.observing.length >= LIMITS.observing) return;
  state.observing = [...state.observing, call.server];
  const explanation = `Nobody catalogued ${call.server}/${call.tool}, so what it does is a guess (${call.effect}): drift on such tools of server ${call.server} is reported, not enforced. Add the server to the policy's catalogue to enforce.`;
  const title = `Server ${call.server} is only observed`;
  say(
    turn,
    {
      rule: `observing/${call.server}`,
      level: 'normal',
      risk: 0,
      subject: null,
      title,
      explanation,
      evidence: [],
      observed: true,
    },
    'observe',
    null,
  );
}

/** A result does not say whether its tool was catalogued; its server's announcement and the catalogue do. */
function isObservedResult({ state, policy }: Turn, result: ToolResult): boolean {
  return (
    policy.uncatalogued === 'observe' &&
    state.observing.includes(result.server) &&
    !isCatalogued(policy.catalogue, result.server, result.tool)
  );
}
