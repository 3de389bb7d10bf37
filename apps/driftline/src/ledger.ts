/** Recorded work by task, as one policy would have judged it: replayed with the code that runs live. */
import { RESPONSES, type Activity, type Response } from '#activity/types';
import { coversCall, roleOf, type AgentState, type LiveRevocation, type OpenTask, type Policy } from '#drift';
import { Replay, type RecordedActivity } from '#engine';

export interface TaskRecord {
  /** Agent key and task: declared ids are unique, an undeclared one is told by when it began. */
  agent: string;
  task: string;
  tenant: string;
  role: string | null;
  kind: string | null;
  calls: number;
  /** Highest at any call or result, unrounded. */
  risk: number;
  /** Calls that the policy's responses would have refused. */
  refused: number;
  /** Strongest response of the policy that held while the task went on. */
  response: Response | null;
  /** Nobody found it no longer justified, and no alert on it was confirmed. */
  honest: boolean;
  /** Detectors that had something to say. */
  detectors: string[];
  /** Where `response` was first called for. */
  first: { partition: number; offset: number; what: string; why: string } | null;
}

/** What a policy says of one activity. */
export interface Said {
  task: TaskRecord | null;
  level: string;
  risk: number;
  /** The response that would refuse a call. */
  refusedBy: Response | null;
}

export class Ledger {
  readonly tasks = new Map<string, TaskRecord>();
  activities = 0;
  fromMs = Infinity;
  toMs = 0;
  private readonly replay: Replay;
  private readonly rules: ReadonlySet<string>;

  constructor(
    private readonly policy: Policy,
    maxSkewMs: number,
  ) {
    this.replay = new Replay({ policy, pinned: true, maxSkewMs });
    this.rules = new Set(policy.responses.map(({ id }) => id));
  }

  get agents(): number {
    return this.replay.states.size;
  }

  /** Null for what is not an agent's, and for what was folded already. */
  take(record: RecordedActivity): Said | null {
    const verdict = this.replay.fold(record);
    if (verdict === null || verdict.assessment.duplicate) return null;
    const { key, assessment } = verdict;
    const { activity, appendTimeMs } = record;
    this.activities += 1;
    this.fromMs = Math.min(this.fromMs, appendTimeMs);
    this.toMs = Math.max(this.toMs, appendTimeMs);
    const { risk, level, state } = assessment;
    this.label(key, activity);
    if (activity.type !== 'ToolCall' && activity.type !== 'ToolResult') {
      return { task: null, level, risk, refusedBy: null };
    }
    const open = taskOf(state, activity);
    const task = this.taskFor(key, open, activity);
    const live = this.liveOn(state, open);
    const refusedBy =
      activity.type === 'ToolCall' ? strongest(live.filter((one) => coversCall(one, activity))) : null;
    task.calls += activity.type === 'ToolCall' ? 1 : 0;
    task.risk = Math.max(task.risk, risk);
    task.refused += refusedBy === null ? 0 : 1;
    for (const { detector } of assessment.evidence) {
      if (!task.detectors.includes(detector)) task.detectors.push(detector);
    }
    this.answer(task, strongest(live), record, live);
    return { task, level, risk, refusedBy };
  }

  private answer(
    task: TaskRecord,
    response: Response | null,
    { partition, offset, activity }: RecordedActivity,
    live: LiveRevocation[],
  ): void {
    if (response === null || rank(response) <= rank(task.response)) return;
    const what = 'tool' in activity ? `${activity.server}/${activity.tool}` : activity.type;
    const why = live.find((one) => one.response === response)?.reason ?? '';
    task.response = response;
    task.first = { partition, offset, what, why };
  }

  /** A failed check, or a confirmed alert, says that the work was not honest. */
  private label(key: string, activity: Activity): void {
    const failed = activity.type === 'ContextChecked' && activity.outcome === 'failed';
    const confirmed = activity.type === 'VerdictGiven' && activity.verdict === 'confirmed';
    if (!failed && !confirmed) return;
    const named = [
      activity.task,
      ...activity.evidence.map((shown) => shown.slice(shown.lastIndexOf('@') + 1)),
    ];
    for (const task of this.tasks.values()) {
      const [id] = task.task.split(SINCE);
      if (task.agent === key && named.includes(id as string)) task.honest = false;
    }
  }

  private taskFor(agent: string, open: OpenTask | null, activity: Activity): TaskRecord {
    const id =
      open === null
        ? `over ${activity.task ?? ''}`
        : open.implicit
          ? `${open.id}${SINCE}${open.startedAt}`
          : open.id;
    const key = `${agent}\n${id}`;
    let task = this.tasks.get(key);
    if (task === undefined) {
      const whose = {
        tenant: activity.tenant,
        role: roleOf(this.policy, activity),
        kind: open?.kind ?? null,
      };
      const nothing = { calls: 0, risk: 0, refused: 0, response: null, honest: true, first: null };
      task = { agent, task: id, ...whose, ...nothing, detectors: [] };
      this.tasks.set(key, task);
    }
    return task;
  }

  /** Revocations by rules of the policy; the end of a task is no verdict on it. */
  private liveOn(state: AgentState, open: OpenTask | null): LiveRevocation[] {
    return state.revocations.filter(
      ({ rule, observed, until, subject }) =>
        this.rules.has(rule) &&
        !observed &&
        until > state.clockMs &&
        (subject === null || subject === open?.id),
    );
  }
}

/** Between the id that undeclared tasks share and when one began. */
const SINCE = ' since ';

/** The open task that the core counted an activity in; null = one that is over. */
function taskOf(state: AgentState, { task, conversation }: Activity): OpenTask | null {
  const touched = state.tasks.filter(({ lastAt }) => lastAt === state.clockMs);
  if (task !== null) {
    const declared = state.tasks.find((open) => open.id === task && !open.implicit);
    if (declared !== undefined) return declared;
    return touched.find(({ implicit }) => implicit) ?? null;
  }
  return touched.find((open) => open.conversation === conversation) ?? touched[0] ?? null;
}

export function rank(response: Response | null): number {
  return response === null ? -1 : RESPONSES.indexOf(response);
}

function strongest(live: readonly { response: Response }[]): Response | null {
  return live.reduce<Response | null>(
    (most, { response }) => (rank(response) > rank(most) ? response : most),
    null,
  );
}
