/** An agent, what happened to it, and what its next call meets: what cases of policies and of the core are told with. */
import { ORDINARY_BASE, ordinaryCall, ordinaryResult, ordinaryTask } from '#activity';
import type {
  Activity,
  ActivityBase,
  ContextChecked,
  RevocationLifted,
  TaskEnded,
  TaskStarted,
  ToolCall,
  ToolResult,
  ToolsListed,
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

export const START_MS = ORDINARY_BASE.time;
/** Assumed between two activities of a run. */
export const STEP_MS = 3_000;

export type Who = Pick<ActivityBase, 'tenant' | 'agent' | 'assurance'>;

/** Who it is where a case does not say. */
export const SOMEBODY: Who = {
  tenant: ORDINARY_BASE.tenant,
  agent: ORDINARY_BASE.agent,
  assurance: ORDINARY_BASE.assurance,
};

/** Folds activities one after another, numbering and dating them as a gateway would. */
export class Story {
  state: AgentState | null = null;
  now: number;
  commands: Command[] = [];
  last: Assessment | null = null;
  private counter = 0;
  /** Numbering is per gateway instance, as on the log. */
  private readonly sequences = new Map<string, number>();
  /** What the next result answers. */
  private lastCallId = 'call-0';

  constructor(
    readonly policy: Policy,
    readonly who: Who = SOMEBODY,
    startMs = START_MS,
  ) {
    this.now = startMs;
  }

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
    return this.fold(ordinaryTask(task, { ...this.base(fields), ...fields }));
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

  lists(server: string, tools: ToolsListed['tools'], fields: Partial<ActivityBase> = {}): Assessment {
    return this.fold({ ...this.base(fields), type: 'ToolsListed', server, tools } satisfies ToolsListed);
  }

  judge(fields: Partial<ToolCall> = {}, pending: Activity[] = []): Verdict {
    const proposal = { ...this.aCall(fields), sequence: 0 };
    this.counter -= 1;
    this.sequences.set(proposal.instance, (this.sequences.get(proposal.instance) as number) - 1);
    return judge(this.policy, this.state, pending, proposal);
  }

  fold(activity: Activity): Assessment {
    const assessment = assess(this.policy, this.state, activity);
    this.state = assessment.state;
    this.commands.push(...assessment.commands);
    if (activity.type === 'ToolCall') this.lastCallId = activity.callId;
    this.last = assessment;
    this.now = Math.max(this.now, activity.time) + STEP_MS;
    return assessment;
  }

  aCall(fields: Partial<ToolCall> = {}): ToolCall {
    const { policy } = this;
    return ordinaryCall({
      ...this.base(fields),
      callId: `call-${this.counter}`,
      dataClasses: ['internal'],
      policy: policy.digest,
      ...fields,
    });
  }

  aResult(fields: Partial<ToolResult> = {}): ToolResult {
    return ordinaryResult({
      ...this.base(fields),
      callId: this.lastCallId,
      dataClasses: ['internal'],
      ...fields,
    });
  }

  base({ instance = ORDINARY_BASE.instance }: Partial<ActivityBase> = {}): ActivityBase {
    this.counter += 1;
    const sequence = (this.sequences.get(instance) ?? 0) + 1;
    this.sequences.set(instance, sequence);
    return { ...ORDINARY_BASE, ...this.who, id: `a1-${this.counter}`, time: this.now, instance, sequence };
  }
}
