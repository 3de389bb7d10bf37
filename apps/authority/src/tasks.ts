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
  LIMITS,
  type ContextChecked,
  type Exposure,
  type Scope,
  type TaskEnded,
  type TaskStarted,
} from '#activity/types';
import { assess, exposureOf, isImplicit, riskView, type AgentState, type Policy } from '#drift';
import type { StateStore } from '#store';
import { parseAgentKey, requireName, type AgentName } from './agent-keys.js';
import type { Agents } from './agents.js';
import type { Intents } from './intents.js';
import type { Policies } from './policies.js';
import type { ActivityRecords } from './records.js';
import type { Revocations } from './revocations.js';
import { newTaskId, partitionOfTask } from './task-ids.js';
import { taskView } from './views.js';

/** Tasks opened here whose intent can still be shown. State and store keep none; the log has it. */
const OPENED_MAX = 2_000;
/** The index entry outlives the task by this, so that its end and its checks can still be looked at. */
const AFTERLIFE_MS = 24 * 3_600_000;

export interface TasksParts {
  store: StateStore;
  agents: Agents;
  records: ActivityRecords;
  revocations: Revocations;
  intents: Intents;
  policies: Pick<Policies, 'active'>;
  tenant: string;
  partitions: number;
  maxTaskTtlMs: number;
}

interface Found {
  key: string;
  who: AgentName;
  policy: Policy;
  state: AgentState | null;
  started: TaskStarted | undefined;
}

export class Tasks {
  /** For people to look at only: no verdict depends on it, and another authority has others. */
  private readonly opened = new Map<string, TaskStarted>();

  constructor(private readonly parts: TasksParts) {}

  /** Known to every authority and durable on the log when this resolves. */
  async start(request: TaskRequest): Promise<TaskView> {
    const { agents, records, maxTaskTtlMs } = this.parts;
    const started = this.started(request, await this.exposureOf(request.parentTask ?? null, request.tenant));
    const key = agentKey(started);
    const now = await agents.read(key);
    const { policy } = now;
    const state = assess(policy, agents.folded(now), started).state;
    const view = taskView(policy, state, started.task, started, Date.now());
    if (view === null) {
      throw new AccessError(
        'limit',
        `${key} has too many open tasks, or their scopes are too large: end one first`,
      );
    }
    await records.put(started, { task: started.task, ttlMs: maxTaskTtlMs + AFTERLIFE_MS });
    this.remember(started);
    return view;
  }

  /**
   * Null when unknown. Throws `not-current` when it may exist all the same. Undeclared work is only found with the key
   * of its agent.
   */
  async get(task: string, agent?: string): Promise<TaskView | null> {
    const found = await this.find(task, true, agent);
    return found && taskView(found.policy, found.state, task, found.started, Date.now());
  }

  /** On the log, pending, and its revocation published when this resolves. Ending an ended task changes nothing. */
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
    // The commands the engine will derive from this record, under the same ids: gateways need not wait for it.
    const { commands } = assess(found.policy, found.state, ended);
    const revoked = commands.flatMap((command) => (command.type === 'revoke' ? [command.revocation] : []));
    const all = await Promise.allSettled([
      records.putAnyway(ended),
      ...revoked.map((revocation) => revocations.publish(revocation)),
    ]);
    for (const result of all) if (result.status === 'rejected') throw result.reason;
  }

  /** The view afterwards, with the check folded in. What it lifts is lifted by the engine, from the log. */
  async check(task: string, request: ContextCheckRequest, agent?: string): Promise<TaskView> {
    const found = await this.require(task, agent);
    const { records, agents } = this.parts;
    const checked: ContextChecked = {
      ...records.reporter.base({ ...found.who, task }, Date.now()),
      type: 'ContextChecked',
      task,
      ...request,
    };
    await records.put(checked);
    const now = await agents.read(found.key);
    const { policy } = now;
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

  private remember(started: TaskStarted): void {
    this.opened.set(started.task, started);
    const [oldest] = this.opened.keys();
    if (this.opened.size > OPENED_MAX && oldest !== undefined) this.opened.delete(oldest);
  }

  private started(request: TaskRequest, exposure: Exposure[]): TaskStarted {
    const { partitions, records, intents, policies, tenant, maxTaskTtlMs } = this.parts;
    const { keepIntent } = policies.active;
    if (Buffer.byteLength(request.intent) > INTENT_MAX_BYTES) {
      throw new AccessError('invalid', `the intent has more than ${INTENT_MAX_BYTES} bytes of UTF-8`);
    }
    const who = requireName({
      tenant: request.tenant ?? tenant,
      agent: request.agent,
      assurance: request.assurance ?? 'verified',
    });
    const task = newTaskId(partitionNumber(this.parts.agents.partition(agentKey(who)), partitions));
    const nowMs = Date.now();
    const { principal } = request;
    return {
      ...records.reporter.base({ ...who, principal, task, pending: true }, nowMs),
      type: 'TaskStarted',
      task,
      intent: keepIntent ? request.intent : '',
      intentValues: intents.values(request.intent),
      ...intents.features(request.intent, keepIntent),
      scope: request.scope && this.scope(request.scope),
      expiresAt: nowMs + Math.min(request.ttlMs, maxTaskTtlMs),
      parentTask: request.parentTask ?? null,
      exposure,
      kind: request.kind ?? null,
    };
  }

  /**
   * What the parent was exposed to passes to its child, whosever agent that is. Throws `invalid` for a parent nobody
   * knows here, `not-current` when something of it could be missing.
   */
  private async exposureOf(parent: string | null, tenant = this.parts.tenant): Promise<Exposure[]> {
    if (parent === null) return [];
    const found = await this.find(parent, true);
    if (found === null || found.state === null || found.who.tenant !== tenant) {
      throw new AccessError('invalid', `parentTask: no task ${parent} of tenant ${tenant} is known`);
    }
    return exposureOf(found.state, parent, Date.now()).slice(0, LIMITS.exposure);
  }

  /** Plain destinations become fingerprints: addresses are never on the log. */
  private scope(scope: Scope): Scope {
    const destinations = scope.destinations?.map((place) => this.parts.intents.destination(place));
    return { ...scope, destinations: destinations ?? null };
  }

  private async require(task: string, agent?: string): Promise<Found> {
    const found = await this.find(task, false, agent);
    if (found === null) throw isImplicit(task) ? unknownWork(task, agent) : unknownTask(task);
    return found;
  }

  private async find(task: string, current: boolean, agent?: string): Promise<Found | null> {
    if (isImplicit(task)) return agent === undefined ? null : this.findImplicit(task, agent, current);
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
    const pending = now.pending.find(
      (activity): activity is TaskStarted => activity.type === 'TaskStarted' && activity.task === task,
    );
    return {
      key,
      who,
      policy: now.policy,
      state: agents.folded(now),
      started: pending ?? this.opened.get(task),
    };
  }

  /** Undeclared work that goes on, or that something stands against. */
  private async findImplicit(task: string, key: string, current: boolean): Promise<Found | null> {
    const who = parseAgentKey(key);
    if (who === null) return null;
    const { agents } = this.parts;
    const now = await agents.read(key);
    if (current) agents.requireCurrent(now.currency);
    const state = agents.folded(now);
    if (state === null) return null;
    const known =
      state.tasks.some(({ id }) => id === task) ||
      riskView(now.policy, state, task, now.atMs).evidence.length > 0;
    return known ? { key, who, policy: now.policy, state, started: undefined } : null;
  }
}

function unknownWork(task: string, agent: string | undefined): AccessError {
  const message =
    agent === undefined
      ? `${task} is undeclared work: name the agent by its key (tenant|spiffe-id), as the alert does`
      : `${agent} has no undeclared work ${task}, or nothing stands against it any more`;
  return new AccessError(agent === undefined ? 'invalid' : 'not-found', message);
}

function unknownTask(task: string): AccessError {
  return new AccessError('not-found', `no task ${task} is known; it may have ended long ago`);
}

function partitionNumber(partition: string, partitions: number): number {
  const number = Number(partition.slice(partition.indexOf('/') + 1));
  if (number < partitions) return number;
  throw new RangeError(`partition ${partition} of ${partitions}`);
}
