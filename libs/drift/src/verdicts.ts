/**
 * Verdicts of named persons on alerts. A false positive takes away exactly what was shown and keeps it from being raised
 * again; what is confirmed weighs in full and does not age until its time. The last word on a piece of evidence counts.
 */
import type { VerdictGiven } from '#activity/types';
import { everywhere, kindOf, taskOf, withSettled } from './evidence.js';
import { liftCleared } from './lifting.js';
import { respond, type Standing } from './respond.js';
import { isRemainder, REMAINDER } from './risk.js';
import type { LiveEvidence } from './state.js';
import type { Turn } from './turn.js';

export function foldVerdict(turn: Turn, given: VerdictGiven): Standing {
  const keys = answers(given);
  const isShown = shown(given, keys);
  const touched = turn.state.evidence.filter(isShown);
  if (given.verdict === 'confirmed') confirm(turn, given, keys, touched);
  else clear(turn, given, keys, touched);
  const standing = settleAll(turn, given, touched);
  if (given.verdict === 'false-positive') {
    const cleared = new Set(touched.map(({ key }) => key));
    liftCleared(
      turn,
      given,
      // A person failed that check: another person ends it by a lift, in so many words.
      (live) => live.rule !== 'check-failed' && live.evidence.some((key) => cleared.has(key)),
    );
  }
  return standing;
}

/**
 * What the verdict settles, as the state keeps it: keys, or kinds in every task. What was too much to keep apart was
 * never shown by itself, so nothing is said of it.
 */
function answers({ scope, evidence }: VerdictGiven): string[] {
  const named = evidence.filter((key) => !(taskOf(key) === '' && key.startsWith(REMAINDER)));
  return scope === 'task' ? named : [...new Set(named.map((key) => everywhere(kindOf(key))))];
}

function shown({ scope }: VerdictGiven, keys: string[]): (piece: LiveEvidence) => boolean {
  const known = new Set(keys);
  if (scope === 'task') return ({ key }) => known.has(key);
  return (piece) => !isRemainder(piece) && known.has(everywhere(piece.kind));
}

function clear(turn: Turn, { until }: VerdictGiven, keys: string[], touched: LiveEvidence[]): void {
  const { state } = turn;
  state.settled = withSettled(state.settled, keys, until);
  if (touched.length === 0) return;
  state.evidence = state.evidence.filter((piece) => !touched.includes(piece));
  turn.fresh = true;
}

/** It counts as seen just now: what policy answers to that weight is answered. */
function confirm(turn: Turn, { until }: VerdictGiven, keys: string[], touched: LiveEvidence[]): void {
  const { state } = turn;
  state.settled = state.settled.filter(({ key }) => !keys.includes(key));
  if (touched.length === 0) return;
  const held = new Map(
    touched.map((piece) => [piece, { ...piece, heldUntil: Math.max(piece.heldUntil, until) }]),
  );
  state.evidence = state.evidence.map((piece) => held.get(piece) ?? piece);
  turn.yielded = [...held.values()];
}

/** Levels of everything that it touched, and of the agent. Returns the standing of the task it was about. */
function settleAll(turn: Turn, { task, evidence }: VerdictGiven, touched: LiveEvidence[]): Standing {
  const about = task ?? (evidence[0] === undefined ? null : taskOf(evidence[0]));
  const others = new Set(touched.map((piece) => piece.task).filter((id) => id !== about));
  const open = (id: string | null) => turn.state.tasks.find((known) => known.id === id) ?? null;
  for (const id of others) respond(turn, open(id));
  return respond(turn, open(about));
}
