/** One run as activity on the log, folded: what the core knew and said at each of its calls. */
import { createHash } from 'node:crypto';
import { decodeActivity, encodeActivity } from '#activity';
import type {
  Activity,
  ActivityBase,
  Response,
  Revocation,
  Scope,
  TaskEnded,
  TaskStarted,
  ToolCall,
  ToolResult,
} from '#activity/types';
import { assess, coversCall, evidenceOfTask, judge, riskOf, type AgentState, type Policy } from '#drift';
import {
  classifyCall,
  intentFeatures,
  observeCall,
  observeIntent,
  observeResult,
  type SeenCall,
} from '#observation';
import { TENANT, type Ground } from './ground.js';
import { roleOf, type RecordedCall, type Run } from './runs.js';
import type { Grant, Mode } from './settings.js';

/** Recorded runs have no times: calls a few seconds apart. */
export const STEP_MS = 3_000;
const RESULT_AFTER_MS = 1_500;
const START_MS = Date.UTC(2026, 0, 5, 9);
/** A task is open for longer than its run takes: what is measured is drift, not expiry. */
const SLACK_MS = 8 * 3_600_000;

/** One call of a script; `index` into the run's own calls, null = the attacker's padding. */
export interface Step {
  call: RecordedCall;
  index: number | null;
  /** Milliseconds after the start of the task. */
  atMs: number;
}

export interface Script {
  steps: Step[];
  /** After this many steps gateway and engine start again: a new instance, and state read back from its bytes. */
  restartAfter: number | null;
}

/** What was known at one call. */
export interface Moment {
  index: number | null;
  /** Unrounded: what the policy's thresholds are compared with. */
  risk: number;
  /** The response that refuses it; null = it passes. */
  response: Response | null;
  /** Detectors with live evidence, and what each would make of the call alone. */
  alone: Record<string, number>;
}

export type Played = Record<Mode, Moment[]>;

export function plainScript(run: Run): Script {
  const steps = run.calls.map((call, index) => ({ call, index, atMs: (index + 1) * STEP_MS }));
  return { steps, restartAfter: null };
}

export function scopeOf(run: Run, grant: Grant): Scope | null {
  const tools = grant === 'planned' ? run.plannedTools : grant === 'precedent' ? run.usualTools : null;
  if (tools === null) return null;
  return { tools, effects: null, resources: null, destinations: null, dataClasses: null };
}

/** The run's activities as a gateway and an authority report them, each through the codec. */
export class Recording {
  private sequence = 0;
  private instance: string;
  private readonly digest: string;
  readonly task: string;

  constructor(
    private readonly ground: Ground,
    private readonly run: Run,
  ) {
    this.digest = createHash('sha256').update(run.id).digest('hex').slice(0, 16);
    this.task = `t0-${this.digest}`;
    this.instance = `${this.digest}-a`;
  }

  restart(): void {
    this.instance = `${this.digest}-b`;
    this.sequence = 0;
  }

  started(scope: Scope | null, lastsMs: number): TaskStarted {
    const { run, ground } = this;
    const { fingerprinter } = ground.contextOf(run);
    return onTheLog({
      ...this.base(START_MS),
      type: 'TaskStarted',
      task: this.task,
      intent: ground.policy.keepIntent ? run.intent.slice(0, 1_024) : '',
      intentValues: observeIntent(run.intent, fingerprinter),
      ...intentFeatures(run.intent, fingerprinter, ground.policy.keepIntent),
      scope,
      expiresAt: START_MS + lastsMs + SLACK_MS,
      parentTask: null,
      kind: null,
    });
  }

  call({ call: { tool, args } }: Step, atMs: number): ToolCall {
    const { ground, run } = this;
    const base = this.base(START_MS + atMs);
    return onTheLog({
      ...base,
      ...observeCall(ground.contextOf(run), seenOf(run, tool, args)),
      type: 'ToolCall',
      callId: base.id,
      toolDigest: null,
      decision: 'allowed',
      basis: 'assessed',
      reason: '',
      revocation: null,
      policy: ground.policy.digest,
    });
  }

  result({ call: { tool, args, result, error } }: Step, { callId }: ToolCall, atMs: number): ToolResult {
    const { ground, run } = this;
    const context = ground.contextOf(run);
    const classification = classifyCall(context, seenOf(run, tool, args));
    const body = { content: [{ type: 'text', text: result ?? error ?? '' }], isError: error !== null };
    return onTheLog({
      ...this.base(START_MS + atMs + RESULT_AFTER_MS),
      type: 'ToolResult',
      callId,
      server: run.suite,
      tool,
      ...observeResult(context, { classification, result: body }),
      durationMs: RESULT_AFTER_MS,
    });
  }

  ended(atMs: number): TaskEnded {
    const base = this.base(START_MS + atMs);
    return onTheLog({ ...base, type: 'TaskEnded', task: this.task, outcome: 'completed', by: 'evaluate' });
  }

  private base(time: number): ActivityBase & { task: string } {
    this.sequence += 1;
    return {
      id: `${this.instance}-${this.sequence}`,
      tenant: TENANT,
      agent: `spiffe://evaluate.example/${roleOf(this.run)}/${this.digest}`,
      assurance: 'verified',
      principal: 'user',
      actors: [],
      time,
      source: 'gateway/evaluate',
      instance: this.instance,
      sequence: this.sequence,
      pending: false,
      task: this.task,
      conversation: null,
    };
  }
}

function onTheLog<A extends Activity>(activity: A): A {
  return decodeActivity(encodeActivity(activity)) as A;
}

function seenOf(run: Run, tool: string, args: unknown): SeenCall {
  return { method: 'tools/call', server: run.suite, trusted: false, params: { name: tool, arguments: args } };
}

/** The activities of a script under one scope, in log order; `restart` stands where everything starts again. */
export function activitiesOf(
  ground: Ground,
  run: Run,
  script: Script,
  scope: Scope | null,
): (Activity | 'restart')[] {
  const recording = new Recording(ground, run);
  const last = script.steps.at(-1)?.atMs ?? 0;
  const activities: (Activity | 'restart')[] = [recording.started(scope, last)];
  script.steps.forEach((step, at) => {
    const call = recording.call(step, step.atMs);
    activities.push(call, recording.result(step, call, step.atMs));
    if (script.restartAfter === at + 1) {
      activities.push('restart');
      recording.restart();
    }
  });
  activities.push(recording.ended(last + STEP_MS));
  return activities;
}

/** Every call goes on, whatever is said of it: folded as if allowed, checks stay unanswered. */
export function play(policy: Policy, script: Script, activities: (Activity | 'restart')[]): Played {
  const played: Played = { inline: [], streamed: [] };
  let state: AgentState | null = null;
  let step = 0;
  for (const activity of activities) {
    if (activity === 'restart') continue;
    if (activity.type === 'ToolCall') {
      const { index } = script.steps[step++] as Step;
      played.streamed.push({ index, ...standing(policy, state, activity) });
      played.inline.push({ index, ...proposed(policy, state, activity) });
    }
    state = assess(policy, state, activity).state;
  }
  return played;
}

type Known = Omit<Moment, 'index'>;

/** What earlier activity says when the call comes. */
function standing(policy: Policy, state: AgentState | null, call: ToolCall): Known {
  if (state === null) return { risk: 0, response: null, alone: {} };
  const revocation = state.revocations
    .filter((live) => !live.observed && live.until > call.time && coversCall(live, call))
    .reduce<Pick<Revocation, 'response'> | null>(stronger, null);
  return { response: revocation?.response ?? null, ...readingOf(policy, state, call) };
}

/** What the call itself adds. */
function proposed(policy: Policy, state: AgentState | null, call: ToolCall): Known {
  const { allowed, response, assessment } = judge(policy, state, [], call);
  const { alone } = readingOf(policy, assessment.state, call);
  return { risk: assessment.risk, response: allowed ? null : response, alone };
}

function readingOf(policy: Policy, state: AgentState, call: ToolCall): Pick<Moment, 'risk' | 'alone'> {
  const evidence = call.task === null ? [] : evidenceOfTask(state.evidence, call.task, false);
  const detectors = new Set(evidence.map(({ detector }) => detector));
  const alone = [...detectors].map(
    (name) =>
      [
        name,
        riskOf(
          policy,
          evidence.filter(({ detector }) => detector === name),
          call.time,
        ),
      ] as const,
  );
  return { risk: riskOf(policy, evidence, call.time), alone: Object.fromEntries(alone) };
}

const STRENGTH: readonly Response[] = ['context-check', 'restrict', 'revoke-task', 'revoke-agent'];
function stronger<T extends { response: Response }>(most: T | null, one: T): T {
  return most === null || STRENGTH.indexOf(one.response) > STRENGTH.indexOf(most.response) ? one : most;
}
