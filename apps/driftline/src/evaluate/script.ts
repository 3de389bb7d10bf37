/** In which order and when a run's calls are made. */
import type { RecordedCall } from './runs.js';

/** Recorded runs have no times: their calls are taken to be a few seconds apart, and answered in half that time. */
export const STEP_MS = 3_000;
export const ANSWERED_AFTER_MS = 1_500;
/** Any time will do; the same one makes verdicts repeatable. */
const START_MS = Date.UTC(2026, 0, 5, 9);

export interface Step {
  call: RecordedCall;
  /** Into the run's own calls; null = the attacker's padding. */
  index: number | null;
  /** Milliseconds after the start of the task: of the call, and of its result. */
  atMs: number;
  answeredMs: number;
}

export interface Script {
  startMs: number;
  steps: Step[];
  /** After this many steps gateway and engine start again: a new instance, and state read back from its bytes. */
  restartAfter: number | null;
}

export function scriptOf(steps: readonly Omit<Step, 'answeredMs'>[]): Script {
  const answered = steps.map((step) => ({ ...step, answeredMs: step.atMs + ANSWERED_AFTER_MS }));
  return { startMs: START_MS, steps: answered, restartAfter: null };
}

/** Calls one after the other, a step apart. */
export function plainScript(calls: readonly RecordedCall[]): Script {
  return scriptOf(calls.map((call, index) => ({ call, index, atMs: (index + 1) * STEP_MS })));
}
