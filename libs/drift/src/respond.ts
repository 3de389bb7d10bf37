/** From risk to levels, from levels to findings, alerts and commands. Graduated: one answer per subject, the strongest due. */
import { RESPONSES, type Effect, type Level, type Response } from '#activity/types';
import type { Finding } from './contract.js';
import { deriveId } from './hash.js';
import { countsIn } from './implicit-tasks.js';
import { LEVEL_RANK, levelOf, nextLevel } from './levels.js';
import type { ResponseRule } from './policy.js';
import { evidenceOfAgent, evidenceOfTask, riskOf, weightAt } from './risk.js';
import { levelsFor } from './thresholds.js';
import type { LiveEvidence, LiveRevocation, OpenTask } from './state.js';
import { limitedText, revoke, say, type Turn } from './turn.js';

/** Whose risk it is: a task (declared or implicit), or with null the agent. */
interface Subject {
  task: OpenTask | null;
  level: Level;
  observedLevel: Level;
}

interface Reading {
  evidence: LiveEvidence[];
  risk: number;
  level: Level;
}

export interface Standing {
  risk: number;
  level: Level;
}

/** Evidence lighter than this is not counted as coming from another task by `minTasks` of a rule. */
const PRESENT_WEIGHT = 0.05;

/** Settles levels of the task (if any) and the agent, and answers. Returns the standing of the task, or the agent's. */
export function respond(turn: Turn, task: OpenTask | null): Standing {
  const { state } = turn;
  if (state.evidence.length === 0 && isQuiet(state) && (task === null || isQuiet(task))) return QUIET;
  const before = turn.findings.length;
  const ofTask =
    task === null ? null : settle(turn, { task, level: task.level, observedLevel: task.observedLevel });
  let alerted = -1;
  for (let at = before; at < turn.findings.length; at++) {
    alerted = Math.max(alerted, LEVEL_RANK[(turn.findings[at] as Finding).level]);
  }
  const ofAgent = settle(
    turn,
    { task: null, level: state.level, observedLevel: state.observedLevel },
    alerted,
    ofTask,
  );
  return ofTask ?? ofAgent;
}
const QUIET: Standing = { risk: 0, level: 'normal' };

function isQuiet(subject: { level: Level; observedLevel: Level }): boolean {
  return subject.level === 'normal' && subject.observedLevel === 'normal';
}

/**
 * `alerted`: rank of the level that the task's finding already told the SOC in this turn; -1 = none. `known`: what was
 * read for the task: of the same evidence the risk is the same.
 */
function settle(turn: Turn, subject: Subject, alerted = -1, known: Reading | null = null): Reading {
  const enforced = reading(turn, subject, subject.level, false, known);
  const all = turn.state.evidence.some(isObserved)
    ? reading(turn, subject, subject.observedLevel, true, null)
    : { ...enforced, level: levelAfter(turn, subject.task, subject.observedLevel, enforced.risk) };
  keepLevels(turn, subject, enforced.level, all.level);
  const worried =
    turn.yielded.length > 0 &&
    turn.yielded.some((piece) => subject.task === null || countsIn(subject.task.id, piece.task));
  const { answer, wished } = worried ? answersTo(turn, subject, enforced, all) : NO_ANSWERS;
  const hidden = LEVEL_RANK[all.level] > LEVEL_RANK[enforced.level];
  if (answer === null && wished !== null && !hidden) {
    tell(turn, subject, enforced, wished, false, alerted);
    return enforced;
  }
  if (enforced.level !== subject.level || answer !== null) {
    tell(turn, subject, enforced, answer, false, alerted);
  }
  if ((hidden && all.level !== subject.observedLevel) || wished !== null) {
    tell(turn, subject, all, wished, true, alerted);
  }
  return enforced;
}

interface Answers {
  /** What is done; null = nothing, or it is done already. */
  answer: ResponseRule | null;
  /** What more would be done if nothing were only observed. */
  wished: ResponseRule | null;
}
const NO_ANSWERS: Answers = { answer: null, wished: null };

/** A rule that only observes takes nothing away from the milder ones that are enforced. */
function answersTo(turn: Turn, subject: Subject, enforced: Reading, all: Reading): Answers {
  const due = dueRule(turn, subject, enforced, false);
  const most = dueRule(turn, subject, all, true);
  const more = most !== null && (due === null || isStronger(most, due));
  return {
    answer: due === null || isAnswered(turn, subject, due, false) ? null : due,
    wished: more && !isAnswered(turn, subject, most, true) ? { ...most, mode: 'observe' } : null,
  };
}

function reading(
  turn: Turn,
  { task }: Subject,
  level: Level,
  withObserved: boolean,
  known: Reading | null,
): Reading {
  const { state, policy, now } = turn;
  const evidence =
    task === null
      ? evidenceOfAgent(state.evidence, now, withObserved)
      : evidenceOfTask(state.evidence, task.id, withObserved);
  const risk = known?.evidence === evidence ? known.risk : riskOf(policy, evidence, now);
  return { evidence, risk, level: levelAfter(turn, task, level, risk) };
}

function levelAfter(
  { policy, state, fresh }: Turn,
  task: OpenTask | null,
  level: Level,
  risk: number,
): Level {
  const levels = levelsFor(policy, state, task?.kind ?? null);
  return fresh ? levelOf(levels, risk) : nextLevel(levels, level, risk);
}

function isObserved({ observed }: LiveEvidence): boolean {
  return observed;
}

/** Implicit tasks that share evidence share the level. */
function keepLevels(
  turn: Turn,
  { task, level, observedLevel }: Subject,
  next: Level,
  nextObserved: Level,
): void {
  if (next === level && nextObserved === observedLevel) return;
  const { state } = turn;
  const levels = { level: next, observedLevel: nextObserved };
  if (task === null) Object.assign(state, levels);
  else state.tasks = state.tasks.map((other) => (other.id === task.id ? { ...other, ...levels } : other));
}

/** The strongest rule that is due, of those enforced or (`observed`) of all; null when none is. */
function dueRule(turn: Turn, { task }: Subject, found: Reading, observed: boolean): ResponseRule | null {
  let strongest: ResponseRule | null = null;
  for (const rule of turn.policy.responses) {
    if (rule.of !== (task === null ? 'agent' : 'task') || LEVEL_RANK[rule.level] > LEVEL_RANK[found.level])
      continue;
    if (!takesAway(rule.response) || (rule.mode === 'observe' && !observed)) continue;
    if (tasksBehind(turn, found.evidence, observed) < rule.minTasks) continue;
    if (strongest === null || isStronger(rule, strongest)) strongest = rule;
  }
  return strongest;
}

/**
 * True when a live revocation takes away as much, one that is enforced unless (`observed`) any will do. What the agent
 * did just before the end of one is not answered by it: half of what the rule says must be left. What it only tried is,
 * or being refused would lead to being refused more.
 */
function isAnswered(turn: Turn, { task }: Subject, rule: ResponseRule, observed: boolean): boolean {
  const subject = task?.id ?? null;
  const { now, activity } = turn;
  const isTry = activity.type === 'ToolCall' && activity.decision === 'refused';
  const leftMs = isTry ? 0 : rule.forMs / 2;
  return turn.state.revocations.some(
    (live) =>
      live.subject === subject &&
      // A revocation of the task does not reach a call that leaves its name out.
      (live.task === null || !isUnnamedCall(turn)) &&
      live.until - now >= leftMs &&
      live.until > now &&
      (observed || !live.observed) &&
      strength(live.response) >= strength(rule.response) &&
      takesAsMuch(live.effects, rule.effects),
  );
}

/** Of two of one kind the one that takes a higher level: a policy widens what it takes away as risk rises. */
function isStronger(rule: ResponseRule, other: ResponseRule): boolean {
  const by = strength(rule.response) - strength(other.response);
  return by > 0 || (by === 0 && LEVEL_RANK[rule.level] > LEVEL_RANK[other.level]);
}

function takesAsMuch(taken: readonly Effect[] | null, due: readonly Effect[] | null): boolean {
  return taken === null || (due !== null && due.every((effect) => taken.includes(effect)));
}

function tasksBehind(turn: Turn, evidence: LiveEvidence[], withObserved: boolean): number {
  const kinds = new Set(evidence.map(({ kind }) => kind));
  const tasks = new Set<string | null>();
  for (const piece of turn.state.evidence) {
    if (piece.observed && !withObserved) continue;
    if (kinds.has(piece.kind) && weightAt(piece, turn.now) >= PRESENT_WEIGHT) tasks.add(piece.task);
  }
  return tasks.size;
}

function tell(
  turn: Turn,
  subject: Subject,
  found: Reading,
  answer: ResponseRule | null,
  hidden: boolean,
  alerted: number,
): void {
  const id = subject.task?.id ?? null;
  const from = hidden ? subject.observedLevel : subject.level;
  const observed = hidden || answer?.mode === 'observe';
  const rule = answer?.id ?? `${id === null ? 'agent' : 'task'}-level${hidden ? '-observed' : ''}`;
  const explanation = explain(turn, subject, found, from);
  const revocation = answer === null ? null : issue(turn, subject, found, answer, explanation);
  const response = answer?.response ?? alertFor(turn, subject, from, found.level);
  const title = `${nameOf(subject)} ${from === found.level ? 'stays at' : found.level === 'normal' ? 'is back to' : 'is at'} ${found.level} risk`;
  const { level, risk, evidence } = found;
  const repeats = id === null && answer === null && alerted >= LEVEL_RANK[level];
  say(
    turn,
    { rule, level, risk, subject: id, title, explanation, evidence, observed },
    repeats ? null : response,
    revocation,
  );
}

/** A change of level is an alert where policy asks for one at that level, the one reached or the one left. */
function alertFor(turn: Turn, { task }: Subject, from: Level, to: Level): Response | null {
  const rank = Math.max(LEVEL_RANK[from], LEVEL_RANK[to]);
  const of = task === null ? 'agent' : 'task';
  const asked = turn.policy.responses.some(
    (rule) =>
      rule.of === of && strength(rule.response) >= strength('alert') && LEVEL_RANK[rule.level] <= rank,
  );
  if (!asked) return null;
  return LEVEL_RANK[to] > LEVEL_RANK[from] ? 'alert' : 'observe';
}

/** Id of the revocation, null when it is only observed. */
function issue(
  turn: Turn,
  { task }: Subject,
  found: Reading,
  rule: ResponseRule,
  reason: string,
): string | null {
  const subject = task?.id ?? null;
  const observed = rule.mode === 'observe';
  const named = found.evidence
    .toSorted((a, b) => weightAt(b, turn.now) - weightAt(a, turn.now))
    .filter((piece) => weightAt(piece, turn.now) >= PRESENT_WEIGHT)
    .map(({ key }) => key);
  const revocation: LiveRevocation = {
    id: deriveId(turn.activity.id, `${rule.id}/${subject ?? ''}`),
    rule: rule.id,
    subject,
    task: namedTask(turn, task, rule),
    effects: rule.effects,
    response: rule.response,
    issuedAt: turn.now,
    until: turn.now + rule.forMs,
    reason: limitedText(reason),
    risk: found.risk,
    policy: turn.policy.digest,
    cause: turn.activity.id,
    evidence: named,
    observed,
  };
  revoke(turn, revocation);
  return observed ? null : revocation.id;
}

function explain(turn: Turn, subject: Subject, found: Reading, from: Level): string {
  const moved =
    from === found.level ? 'stays at' : LEVEL_RANK[found.level] > LEVEL_RANK[from] ? 'rose to' : 'fell to';
  const why = found.evidence
    .toSorted((a, b) => weightAt(b, turn.now) - weightAt(a, turn.now))
    .slice(0, 3)
    .map(({ explanation }) => explanation);
  return [
    `Risk of ${uncapitalised(nameOf(subject))} ${moved} ${found.level} (${Math.round(found.risk)} of 100).`,
    ...why,
  ].join(' ');
}

function nameOf({ task }: Subject): string {
  if (task === null) return 'Agent';
  return task.implicit ? 'Undeclared task' : `Task ${task.id}`;
}

/** Inside a sentence; the id in it stays as it is. */
function uncapitalised(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

/** Null = the whole agent: no task is meant, or the call that drifted named none and the next one would not either. */
function namedTask(turn: Turn, task: OpenTask | null, rule: ResponseRule): string | null {
  if (task === null || task.implicit || rule.response === 'revoke-agent') return null;
  return isUnnamedCall(turn) ? null : task.id;
}

function isUnnamedCall({ activity }: Turn): boolean {
  return activity.type === 'ToolCall' && activity.task === null;
}

function takesAway(response: Response): boolean {
  return strength(response) > strength('alert');
}

export function strength(response: Response): number {
  return RESPONSES.indexOf(response);
}
