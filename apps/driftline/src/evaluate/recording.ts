/** A recorded run as activity: what a gateway and an authority would have put on the log. */
import { createHash } from 'node:crypto';
import { decodeActivity, encodeActivity } from '#activity';
import { clipText, LIMITS } from '#activity/types';
import type {
  Activity,
  ActivityBase,
  Scope,
  TaskEnded,
  TaskStarted,
  ToolCall,
  ToolResult,
} from '#activity/types';
import { reportedCall, reportedResult } from '#gateway';
import {
  classifyCall,
  intentFeatures,
  observeCall,
  observeIntent,
  observeResult,
  type ObservedCall,
  type ObservedResult,
  type SeenCall,
} from '#observation';
import { agentOf, TENANT, type Ground } from './ground.js';
import type { RecordedCall, Run } from './runs.js';
import { STEP_MS, type Script, type Step } from './script.js';

/** A task is open for longer than its run takes: what is measured is drift, not expiry. */
const SLACK_MS = 8 * 3_600_000;

/** One run's activities. What was seen of a call is worked out once, whatever script it stands in. */
export class Recording {
  private readonly seen = new WeakMap<RecordedCall, { call: ObservedCall; result: ObservedResult }>();
  private readonly digest: string;

  constructor(
    private readonly ground: Ground,
    private readonly run: Run,
  ) {
    this.digest = createHash('sha256').update(run.id).digest('hex').slice(0, 16);
  }

  /** In log order, each through the codec. Of the scope's grant only the first activity speaks: see `underScope`. */
  activitiesOf(script: Script): Activity[] {
    const reporter = new Reporter(agentOf(this.run, this.digest), this.digest);
    const { startMs } = script;
    const lastMs = startMs + (script.steps.at(-1)?.answeredMs ?? 0);
    const activities: Activity[] = [this.started(reporter.base(startMs), lastMs + SLACK_MS)];
    script.steps.forEach((step, at) => {
      activities.push(...this.answeredCall(reporter, startMs, step));
      if (script.restartAfter === at + 1) reporter.restart();
    });
    const base = reporter.base(lastMs + STEP_MS);
    const ended: TaskEnded = { ...base, type: 'TaskEnded', outcome: 'completed', by: 'evaluate' };
    return [...activities, ended].map(throughTheCodec);
  }

  private started(base: TaskBase, expiresAt: number): TaskStarted {
    const { intent } = this.run;
    const { keepIntent } = this.ground.policy;
    const { fingerprinter } = this.ground.contextOf(this.run);
    return {
      ...base,
      type: 'TaskStarted',
      intent: keepIntent ? clipText(intent, LIMITS.intentBytes) : '',
      intentValues: observeIntent(intent, fingerprinter),
      ...intentFeatures(intent, fingerprinter, keepIntent),
      scope: null,
      expiresAt,
      parentTask: null,
      kind: null,
      exposure: [],
    };
  }

  private answeredCall(reporter: Reporter, startMs: number, step: Step): [ToolCall, ToolResult] {
    const observed = this.observed(step.call);
    const asked = reportedCall(reporter.base(startMs + step.atMs), observed.call, null);
    return [asked, reportedResult(reporter.base(startMs + step.answeredMs), asked, observed.result)];
  }

  private observed(recorded: RecordedCall): { call: ObservedCall; result: ObservedResult } {
    let known = this.seen.get(recorded);
    if (known === undefined) {
      const context = this.ground.contextOf(this.run);
      const seen = seenCall(this.run, recorded);
      const result = resultBody(recorded);
      known = {
        call: observeCall(context, seen),
        result: observeResult(context, {
          classification: classifyCall(context, seen),
          result,
          // The gateway counts the whole message.
          resultBytes: Buffer.byteLength(JSON.stringify({ jsonrpc: '2.0', id: 1, result })),
        }),
      };
      this.seen.set(recorded, known);
    }
    return known;
  }
}

function seenCall({ suite }: Run, { tool, args }: RecordedCall): SeenCall {
  const params = { name: tool, arguments: args ?? {} };
  return { method: 'tools/call', server: suite, trusted: false, params };
}

/** As an MCP server answers. */
export function resultBody({ result, error }: RecordedCall): object {
  const content = [{ type: 'text', text: result ?? error ?? '' }];
  return error === null ? { content } : { content, isError: true };
}

/** The same work under another grant: only the start of the task says so. */
export function underScope(activities: readonly Activity[], scope: Scope | null): Activity[] {
  return activities.map((activity) =>
    activity.type === 'TaskStarted' ? throughTheCodec({ ...activity, scope }) : activity,
  );
}

function throughTheCodec(activity: Activity): Activity {
  return decodeActivity(encodeActivity(activity));
}

type TaskBase = ActivityBase & { task: string };

/** Numbers activities as a gateway does; a restarted one is another instance that begins anew. */
class Reporter {
  private sequence = 0;
  private instance: string;

  constructor(
    private readonly agent: string,
    private readonly digest: string,
  ) {
    this.instance = `${digest}-a`;
  }

  restart(): void {
    this.instance = `${this.digest}-b`;
    this.sequence = 0;
  }

  base(time: number): TaskBase {
    this.sequence += 1;
    return {
      id: `${this.instance}-${this.sequence}`,
      tenant: TENANT,
      agent: this.agent,
      assurance: 'verified',
      principal: 'user',
      actors: [],
      time,
      source: 'gateway/evaluate',
      instance: this.instance,
      sequence: this.sequence,
      pending: false,
      task: `t0-${this.digest}`,
      conversation: null,
    };
  }
}
