/**
 * A run of denied or failing calls: an agent that keeps trying doors.
 * Evidence: one piece per task once the decayed count of refused and failed calls reaches `run`; retrying refreshes it.
 * Limits: light, so that being refused never by itself leads to being refused more; calls that go well do not wash the
 * count, only time does.
 */
import type { ToolCall, ToolResult } from '#activity/types';
import type { OpenTask } from '../state.js';
import { NOTHING, option, type Detector, type Look, type Sighting } from './detector.js';

const FAILURES_HALF_LIFE_MS = 5 * 60_000;

export const refusals: Detector = {
  name: 'refusals',
  onCall: (look, call) => (call.decision === 'refused' ? run(look, call) : NOTHING),
  onRefused: run,
  onResult: (look, result) => (result.outcome === 'error' ? run(look, result) : NOTHING),
};

function run(look: Look, activity: ToolCall | ToolResult): readonly Sighting[] {
  if (look.task === null) return NOTHING;
  const count = failuresAt(look.task, look.now) + 1;
  if (count < option(look.settings, 'run')) return NOTHING;
  const explanation = `About ${Math.round(count)} calls were refused or failed within minutes, the last one ${activity.server}/${activity.tool}.`;
  return [{ kind: 'refusals', share: 1, explanation }];
}

/** Decayed count of refused and failed calls of a task. */
export function failuresAt(task: OpenTask, now: number): number {
  return task.failures * 2 ** (Math.min(0, task.failuresAt - now) / FAILURES_HALF_LIFE_MS);
}
