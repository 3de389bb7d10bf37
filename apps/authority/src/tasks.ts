/** Tasks: opened and ended by orchestrators, checked by people, known to gateways. */
import {
  AccessError,
  INTENT_MAX_BYTES,
  type ContextCheckRequest,
  type TaskRequest,
  type TaskView,
} from '#access';
import {
  agentKey,
  type ContextChecked,
  type Revocation,
  type Scope,
  type TaskEnded,
  type TaskStarted,
} from '#activity/types';
import { assess, type AgentState } from '#drift';
import type { Policy } from '#drift';
import type { StateStore } from '#store';
import { parseAgentKey, type AgentName } from './agent-keys.js';
import type { Agents } from './agents.js';
import type { Intents } from './intents.js';
import type { ActivityRecords } from './records.js';
import type { Revocations } from './revocations.js';
import { newTaskId, partitionOfTask } from './task-ids.js';
import { taskView } from './views.js';

/** The index entry and the revocation of an ended task outlive the task by this, so that a late call is told apart. */
const AFTERLIFE_MS = 24 * 3_600_000;

export interface TasksParts {
  store: StateStore;
  agents: Agents;
  records: ActivityRecords;
  revocations: Revocations;
  intents: Intents;
  policy: Policy;
  tenant: string;
  partitions: number;
  maxTaskTtlMs: number;
}

interface Found {
  key: string;
  who: AgentName;
  state: AgentState | null;
  started: TaskStarted | undefined;
}

export class Tasks {
  constructor(private readonly parts: TasksParts) {}

  /** Known to every authority and durable on the log when this resolves. */
  async start(request: TaskRequest): Promise<TaskView> {
    const { agents, records, policy, maxTaskTtlMs } = this.parts;
    const started = this.started(request);
    const key = agentKey(started);
    const now = await agents.read(key);
    const state = assess(policy, agents.folded(now), started).state;
    const view = taskView(policy, state, started.task, started, Date.now());
    if (view === null) {
      throw new AccessError(
        'limit',
        `${key} has too many open tasks, or their scopes are too large: end one first`,
      );
    }
    await records.put(started, { task: started.task, ttlMs: maxTaskTtlMs + AFTERLIFE_MS });
    return view;
  }

  /** Null when unknown. Throws `not-current` when it may exist all the same. */
  async get(task: string): Promise<TaskView | null> {
    const found = await this.find(task, true);
    return found && taskView(this.parts.policy, found.state, task, found.started, Date.now());
  }

  /** On the log, pending, and revoked at every gateway when this resolves. Ending an ended task does it again. */
  async end(task: string, outcome: 'completed' | 'cancelled', by: string): Promise<void> {
    const found = await this.require(task);
    const { records, revocations } = this.parts;
    const ended: TaskEnded = {
      ...records.reporter.base({ ...found.who, task }, Date.now()),
      type: 'TaskEnded',
      task,
      outcome,
      by,
    };
    const both = await Promise.allSettled([
      revocations.publish(this.revocationOf(ended, found)),
      records.putAnyway(ended),
    ]);
    for (const result of both) if (result.status === 'rejected') throw result.reason;
  }

  /** The view afterwards, with the check folded in. What it lifts is lifted by the engine, from the log. */
  async check(task: string, request: ContextCheckRequest): Promise<TaskView> {
    const found = await this.require(task);
    const { records, agents, policy } = this.parts;
    const checked: ContextChecked = {
      ...records.reporter.base({ ...found.who, task }, Date.now()),
      type: 'ContextChecked',
      task,
      ...request,
    };
    await records.put(checked);
    const now = await agents.read(found.key);
    const known = now.pending.some(({ id }) => id === checked.id);
    const before = agents.folded(now);
    const state = known ? before : assess(policy, before, checked).state;
    const view = taskView(policy, state, task, found.started, Date.now());
    if (view === null) throw unknownTask(task);
    return view;
  }

  /** Key of the agent the task belongs to; throws `not-found`. */
  async owner(task: string): Promise<string> {
    return (await this.require(task)).key;
  }

  private started(request: TaskRequest): TaskStarted {
    const { partitions, records, intents, policy, tenant, maxTaskTtlMs } = this.parts;
    if (Buffer.byteLength(request.intent) > INTENT_MAX_BYTES) {
      throw new AccessError('invalid', `the intent has more than ${INTENT_MAX_BYTES} bytes of UTF-8`);
    }
    const who: AgentName = {
      tenant: request.tenant ?? tenant,
      agent: request.agent,
      assurance: request.assurance ?? 'verified',
    };
    const task = newTaskId(partitionNumber(this.parts.agents.partition(agentKey(who)), partitions));
    const nowMs = Date.now();
    const { principal } = request;
    return {
      ...records.reporter.base({ ...who, principal, task, pending: true }, nowMs),
      type: 'TaskStarted',
      task,
      intent: policy.keepIntent ? request.intent : '',
      intentValues: intents.values(who.tenant, request.intent),
      scope: request.scope && this.scope(who.tenant, request.scope),
      expiresAt: nowMs + Math.min(request.ttlMs, maxTaskTtlMs),
      parentTask: request.parentTask ?? null,
    };
  }

  /** Plain destinations become fingerprints: addresses are never on the log. */
  private scope(tenant: string, scope: Scope): Scope {
    const destinations = scope.destinations?.map((place) => this.parts.intents.destination(tenant, place));
    return { ...scope, destinations: destinations ?? null };
  }

  private revocationOf(ended: TaskEnded, found: Found): Revocation {
    const { policy, maxTaskTtlMs } = this.parts;
    const open = found.state?.tasks.find(({ id }) => id === ended.task);
    return {
      id: `task-ended:${ended.id}`,
      tenant: found.who.tenant,
      agent: found.key,
      task: ended.task,
      server: null,
      effects: null,
      tools: null,
      dataClasses: null,
      response: 'revoke-task',
      issuedAt: ended.time,
      until: (open?.expiresAt || ended.time + maxTaskTtlMs) + AFTERLIFE_MS,
      reason: 'task-ended',
      retryable: false,
      evidence: [],
      risk: 0,
      policy: policy.digest,
      by: ended.by,
      cause: ended.id,
    };
  }

  private async require(task: string): Promise<Found> {
    const found = await this.find(task, false);
    if (found === null) throw unknownTask(task);
    return found;
  }

  private async find(task: string, current: boolean): Promise<Found | null> {
    const { store, agents, partitions } = this.parts;
    const partition = partitionOfTask(task, partitions);
    if (partition === null) return null;
    const key = await store.taskAgent(`activity/${partition}`, task);
    const who = key === null ? null : parseAgentKey(key);
    if (key === null || who === null) {
      if (current) agents.requireCurrent((await store.view(`activity/${partition}`, '')).currency);
      return null;
    }
    const now = await agents.read(key);
    if (current) agents.requireCurrent(now.currency);
    const started = now.pending.find(
      (activity): activity is TaskStarted => activity.type === 'TaskStarted' && activity.task === task,
    );
    return { key, who, state: agents.folded(now), started };
  }
}

function unknownTask(task: string): AccessError {
  return new AccessError('not-found', `no task ${task} is known; it may have ended long ago`);
}

function partitionNumber(partition: string, partitions: number): number {
  const number = Number(partition.slice(partition.indexOf('/') + 1));
  if (number < partitions) return number;
  throw new RangeError(`partition ${partition} of ${partitions}`);
}
