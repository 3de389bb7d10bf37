/** A test language for the core: an agent, what happened to it, and what its next call meets. */
import type {
  Activity,
  ActivityBase,
  ContextChecked,
  RevocationLifted,
  TaskEnded,
  TaskStarted,
  ToolCall,
  ToolResult,
} from '#activity/types';
import {
  assess,
  judge,
  type AgentState,
  type Assessment,
  type Command,
  type Policy,
  type Verdict,
} from '#drift';

export const START_MS = Date.UTC(2026, 0, 5, 9);
/** Assumed between two activities of a run. */
export const STEP_MS = 3_000;

const BASE: Omit<ActivityBase, 'id' | 'time' | 'sequence'> = {
  tenant: 'acme',
  agent: 'spiffe://acme.example/agent/report-writer',
  assurance: 'verified',
  principal: 'dana',
  actors: [],
  source: 'gateway/a',
  instance: 'a1',
  pending: false,
  task: null,
  conversation: null,
};

/** Folds activities one after another, numbering and dating them as a gateway would. */
export class Story {
  state: AgentState | null = null;
  now = START_MS;
  commands: Command[] = [];
  last: Assessment | null = null;
  private counter = 0;

  constructor(readonly policy: Policy) {}

  wait(ms: number): this {
    this.now += ms;
    return this;
  }

  call(fields: Partial<ToolCall> = {}): Assessment {
    return this.fold(this.aCall(fields));
  }

  result(fields: Partial<ToolResult> = {}): Assessment {
    return this.fold(this.aResult(fields));
  }

  start(task: string, fields: Partial<TaskStarted> = {}): Assessment {
    const started: TaskStarted = {
      ...this.base(),
      type: 'TaskStarted',
      task,
      intent: 'Write the quarterly summary.',
      intentValues: [],
      scope: null,
      expiresAt: this.now + 3_600_000,
      parentTask: null,
      ...fields,
    };
    return this.fold(started);
  }

  end(task: string, outcome: TaskEnded['outcome'] = 'completed'): Assessment {
    return this.fold({ ...this.base(), type: 'TaskEnded', task, outcome, by: 'dana' } satisfies TaskEnded);
  }

  /** With `evidence` absent everything that counts against the task is shown. */
  check(task: string, outcome: ContextChecked['outcome'], evidence?: string[]): Assessment {
    const shown =
      evidence ?? (this.state?.evidence ?? []).filter((piece) => piece.task === task).map(({ key }) => key);
    const reason = 'looked at it';
    return this.fold({
      ...this.base(),
      type: 'ContextChecked',
      task,
      outcome,
      by: 'dana',
      reason,
      evidence: shown,
    });
  }

  lift(revocation: string): Assessment {
    const reason = 'known work';
    return this.fold({
      ...this.base(),
      type: 'RevocationLifted',
      revocation,
      by: 'dana',
      reason,
    } satisfies RevocationLifted);
  }

  judge(fields: Partial<ToolCall> = {}, pending: Activity[] = []): Verdict {
    return judge(this.policy, this.state, pending, { ...this.aCall(fields), sequence: 0 });
  }

  fold(activity: Activity): Assessment {
    const assessment = assess(this.policy, this.state, activity);
    this.state = assessment.state;
    this.commands.push(...assessment.commands);
    this.last = assessment;
    this.now = Math.max(this.now, activity.time) + STEP_MS;
    return assessment;
  }

  aCall(fields: Partial<ToolCall> = {}): ToolCall {
    return {
      ...this.base(),
      type: 'ToolCall',
      callId: `call-${this.counter}`,
      method: 'tools/call',
      server: 'files',
      tool: 'read_text_file',
      effect: 'read',
      effectSource: 'catalogue',
      uncatalogued: false,
      dataClasses: ['internal'],
      resource: null,
      destination: null,
      facts: [],
      values: [],
      valuesDropped: 0,
      argumentsBytes: 40,
      toolDigest: null,
      decision: 'allowed',
      basis: 'passed',
      reason: '',
      revocation: null,
      policy: this.policy.digest,
      ...fields,
    };
  }

  aResult(fields: Partial<ToolResult> = {}): ToolResult {
    return {
      ...this.base(),
      type: 'ToolResult',
      callId: `call-${this.counter}`,
      server: 'files',
      tool: 'read_text_file',
      outcome: 'ok',
      trust: 'own',
      dataClasses: ['internal'],
      values: [],
      valuesDropped: 0,
      resultBytes: 400,
      records: 0,
      durationMs: 5,
      ...fields,
    };
  }

  base(): ActivityBase {
    this.counter += 1;
    return { ...BASE, id: `a1-${this.counter}`, time: this.now, sequence: this.counter };
  }
}
