/** In which order and when a run's calls are made. */
import type { RecordedCall } from './runs.js';

/** Recorded runs have no times: their calls are taken to be a few seconds apart. */
export const STEP_MS = 3_000;

export interface Step {
  call: RecordedCall;
  /** Into the run's own calls; null = the attacker's padding. */
  index: number | null;
  /** Milliseconds after the start of the task. */
  atMs: number;
}

export interface Script {
  steps: Step[];
  /** After this many steps gateway and engine start again: a new instance, and state read back from its bytes. */
  restartAfter: number | null;
}

export function scriptOf(calls: readonly RecordedCall[]): Script {
  const steps = calls.map((call, index) => ({ call, index, atMs: (index + 1) * STEP_MS }));
  return { steps, restartAfter: null };
}
