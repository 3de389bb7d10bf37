import type { TaskEnded, TaskStarted, ToolCall, ToolResult, ToolsListed } from '#activity/types';
import type { DetectorSettings, Policy } from '../policy.js';
import type { AgentState, EndedTask, OpenTask } from '../state.js';

/** What a detector may look at: the agent as it was before the activity. Nothing of it may be changed. */
export interface Look {
  policy: Policy;
  settings: DetectorSettings;
  state: Readonly<AgentState>;
  /** Task the activity counts in; null = one that is over, or none. */
  task: OpenTask | null;
  /** The task named by a call is not open: ended, or never heard of. */
  lapse: EndedTask | 'unknown' | null;
  now: number;
}

/** One thing seen; `assess` makes it evidence. */
export interface Sighting {
  /** Names what exactly it is about, bounded: the same kind refreshes. Starts with the detector's name. */
  kind: string;
  /** Share of the detector's weight, 0–1. */
  share: number;
  /** One sentence a SOC analyst understands. */
  explanation: string;
  /** Absent = the detector's. */
  halfLifeMs?: number;
  /** Counts only towards what is observed. */
  observed?: boolean;
}

export const NOTHING: readonly Sighting[] = [];

/**
 * What a detector remembers in. `state` and `task` are copies whose fields may be replaced; what the fields hold is
 * shared with the state before and is never changed in place.
 */
export interface Memory {
  policy: Policy;
  settings: DetectorSettings;
  state: AgentState;
  /** Task the activity counts in; null = one that is over, or none. */
  task: OpenTask | null;
  now: number;
}

/**
 * Pure functions over one activity and the agent's state. Each detector is told only of what it names. `on…` looks at
 * the agent as it was before, and yields; `remember…` comes once all have looked, and keeps what later looks need.
 * Only what was allowed or received is remembered: a refused call never enters profile, exposure or lineage.
 */
export interface Detector {
  readonly name: string;
  /** A call that ran, may run, or was refused by assessment. */
  onCall?(look: Look, call: ToolCall): readonly Sighting[];
  /** A call refused for another reason: a revocation, its task, the fail mode, a limit. */
  onRefused?(look: Look, call: ToolCall): readonly Sighting[];
  onResult?(look: Look, result: ToolResult): readonly Sighting[];
  /** `task` is the one just opened. */
  onTaskStarted?(look: Look, started: TaskStarted): readonly Sighting[];
  /** `task` is the one about to end. */
  onTaskEnded?(look: Look, ended: TaskEnded): readonly Sighting[];
  onToolsListed?(look: Look, listed: ToolsListed): readonly Sighting[];
  rememberCall?(memory: Memory, call: ToolCall): void;
  rememberResult?(memory: Memory, result: ToolResult): void;
  rememberTask?(memory: Memory, started: TaskStarted): void;
  rememberTools?(memory: Memory, listed: ToolsListed): void;
}

/** A number from the detector's options; `libs/policy` has made sure that it is there. */
export function option(settings: DetectorSettings, name: string): number {
  const value = settings.options[name];
  if (typeof value !== 'number')
    throw new TypeError(`policy: detector option "${name}" must be a number, got ${typeof value}`);
  return value;
}
