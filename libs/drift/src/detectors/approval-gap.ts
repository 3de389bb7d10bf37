/**
 * The approval has gone stale: how far the task has moved since it was approved, `approval.ts`.
 * Evidence: one piece per approval, when a call that is not a read happens while the gap is past `threshold`; it grows with
 * the gap. Reads only widen the gap, they are not held against it.
 * Limits: undeclared work was never approved, so nothing of it goes stale; the number is there all the same. Light: by
 * itself it calls for a renewal, not for stopping anything.
 */
import type { ToolCall } from '#activity/types';
import { APPROVAL_GAP, approvedAt, gapOf, newSince, usedAtStart, withCall, withResult } from '../approval.js';
import type { OpenTask } from '../state.js';
import { NOTHING, option, type Detector, type Look, type Sighting } from './detector.js';

/** Of the weight right at the threshold. */
const BASE_SHARE = 0.4;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export const staleApproval: Detector = {
  name: APPROVAL_GAP,
  onCall: stale,
  rememberTask({ task }, started) {
    if (task !== null) task.used = task.approved = usedAtStart(started);
  },
  rememberCall({ policy, task }, call) {
    if (task !== null) task.used = withCall(policy, task.used, call);
  },
  rememberResult({ policy, task }, result) {
    if (task !== null) task.used = withResult(policy, task.used, result);
  },
};

function stale({ task, settings, now }: Look, call: ToolCall): readonly Sighting[] {
  if (task === null || task.implicit || call.effect === 'read') return NOTHING;
  const gap = gapOf(settings, task, now);
  const threshold = option(settings, 'threshold');
  if (gap < threshold) return NOTHING;
  const share = BASE_SHARE + (1 - BASE_SHARE) * ((gap - threshold) / (1 - threshold));
  // An approval of its own each: what was settled with one says nothing of the next.
  return [{ kind: `${APPROVAL_GAP}/${approvedAt(task)}`, share, explanation: explain(task, call, gap, now) }];
}

function explain(task: OpenTask, call: ToolCall, gap: number, now: number): string {
  const since = [`${task.callsSinceCheck} calls`, ...newSince(task)].join(', ');
  const moved = `${Math.round(100 * gap)} % away at ${call.tool}`;
  return `It was last approved ${ago(now - approvedAt(task))}; ${since} since: ${moved}.`;
}

function ago(ms: number): string {
  if (ms >= 2 * HOUR_MS) return `${Math.round(ms / HOUR_MS)} hours ago`;
  return `${Math.max(1, Math.round(ms / MINUTE_MS))} min ago`;
}
