/** Everything callers can ask for, audited where somebody acts. HTTP and in-process callers meet here. */
import { randomUUID } from 'node:crypto';
import {
  AccessError,
  type AgentView,
  type Caller,
  type ContextCheckRequest,
  type PolicyRequest,
  type PolicyView,
  type RevokeRequest,
  type TaskRequest,
  type TaskView,
  type VerdictRequest,
  type VerdictView,
} from '#access';
import {
  agentKey,
  type Lift,
  type Revocation,
  type RevocationLifted,
  type ToolResult,
} from '#activity/types';
import { parseAgentKey, requireName } from './agent-keys.js';
import type { Agents } from './agents.js';
import type { Act, AuditTrail } from './audit.js';
import type { GatewaySet } from './gateway-set.js';
import type { PendingLists } from './pending.js';
import type { Policies } from './policies.js';
import type { ActivityRecords } from './records.js';
import type { Revocations } from './revocations.js';
import type { Tasks } from './tasks.js';
import type { Verdicts } from './verdicts.js';
import { agentView } from './views.js';

export interface AuthorityParts {
  agents: Agents;
  tasks: Tasks;
  pending: PendingLists;
  revocations: Revocations;
  gateways: GatewaySet;
  records: ActivityRecords;
  audit: AuditTrail;
  policies: Policies;
  verdicts: Verdicts;
  tenant: string;
}

export class AuthorityService {
  constructor(private readonly parts: AuthorityParts) {}

  /** Appended, once per activity id, before the agent gets the result. */
  async pend(result: ToolResult): Promise<void> {
    const pending: ToolResult = { ...result, pending: true, sequence: 0 };
    await this.parts.pending.add(pending, agentKey(pending));
  }

  task(task: string, agent?: string): Promise<TaskView | null> {
    return this.parts.tasks.get(task, agent);
  }

  startTask(request: TaskRequest, caller: Caller): Promise<TaskView> {
    const act = {
      caller,
      action: 'start-task',
      subject: request.agent,
      reason: request.intent.slice(0, 512),
    };
    return this.audited(act, () => this.parts.tasks.start(request));
  }

  endTask(task: string, outcome: 'completed' | 'cancelled', by: string, caller: Caller): Promise<void> {
    const act = { caller, by, action: 'end-task', subject: task, reason: outcome };
    return this.audited(act, () => this.parts.tasks.end(task, outcome, by));
  }

  contextCheck(
    task: string,
    request: ContextCheckRequest,
    caller: Caller,
    agent?: string,
  ): Promise<TaskView> {
    const action = `context-check-${request.outcome}`;
    const subject = agent === undefined ? task : `${agent} ${task}`.slice(0, 1_024);
    const act = { caller, by: request.by, action, subject, reason: request.reason };
    return this.audited(act, () => this.parts.tasks.check(task, request, agent));
  }

  /** Live ones: not lifted, not over. */
  revocations(): Revocation[] {
    return this.parts.revocations.list();
  }

  /** Known to the log, and so to every gateway within milliseconds, when this resolves. */
  revoke(request: RevokeRequest, caller: Caller): Promise<Revocation> {
    const subject = [request.agent, request.task, request.server, ...(request.tools ?? [])]
      .filter(Boolean)
      .join(' ');
    const act = {
      caller,
      by: request.by,
      action: 'revoke',
      subject: subject.slice(0, 1_024),
      reason: request.reason,
    };
    return this.audited(act, async () => {
      const revocation = await this.manual(request);
      await this.parts.revocations.publish(revocation);
      return revocation;
    });
  }

  /** The agent's log says so first, so that the same evidence does not revoke again; then every gateway is told. */
  lift(id: string, by: string, reason: string, caller: Caller): Promise<void> {
    return this.audited({ caller, by, action: 'lift', subject: id, reason }, async () => {
      const { revocations, records } = this.parts;
      if (revocations.isLifted(id)) return;
      const revocation = revocations.get(id);
      if (revocation === null) throw new AccessError('not-found', `no live revocation ${id} is known`);
      const nowMs = Date.now();
      const who = revocation.agent === null ? null : parseAgentKey(revocation.agent);
      if (who) {
        const base = records.reporter.base({ ...who, task: revocation.task }, nowMs);
        const lifted: RevocationLifted = { ...base, type: 'RevocationLifted', revocation: id, by, reason };
        await records.putAnyway(lifted);
      }
      const lift: Lift = { revocation: id, tenant: revocation.tenant, by, reason, at: nowMs, cause: '' };
      await revocations.publishLift(lift);
    });
  }

  /** A gateway that died without a goodbye is waited for until somebody says so by name. */
  removeGateway(
    gateway: string,
    instance: string,
    by: string,
    reason: string,
    caller: Caller,
  ): Promise<void> {
    const act = { caller, by, action: 'remove-gateway', subject: instance, reason };
    return this.audited(act, () => this.parts.gateways.remove(gateway, instance, by));
  }

  /** Null for an agent never seen. */
  async agent(key: string): Promise<AgentView | null> {
    if (parseAgentKey(key) === null) return null;
    const { agents } = this.parts;
    const now = await agents.read(key);
    const state = agents.folded(now);
    return state && agentView(now.policy, state, now.pending.length, Date.now());
  }

  verdict(alert: string, request: VerdictRequest, caller: Caller): Promise<VerdictView> {
    const { verdict, scope, by, reason } = request;
    const act = { caller, by, action: `verdict-${verdict}`, subject: `${alert} ${scope}`, reason };
    return this.audited(act, () => this.parts.verdicts.give(alert, request));
  }

  policy(): PolicyView {
    return this.parts.policies.view();
  }

  /** On the log, numbered, when this resolves; each partition is judged with it from its own record on. */
  activatePolicy(request: PolicyRequest, caller: Caller): Promise<PolicyView> {
    const { by, reason, digest } = request;
    const act = { caller, by, action: 'activate-policy', subject: digest, reason };
    return this.audited(act, () => this.parts.policies.activate(request));
  }

  private async manual(request: RevokeRequest): Promise<Revocation> {
    const { tenant, policies } = this.parts;
    const {
      agent = null,
      task = null,
      server = null,
      tools = null,
      effects = null,
      dataClasses = null,
    } = request;
    const named = { tenant: request.tenant ?? tenant, agent, assurance: request.assurance ?? 'verified' };
    const owner = task === null ? null : await this.parts.tasks.owner(task);
    if (agent !== null && owner !== null && owner !== agentKey({ ...named, agent })) {
      throw new AccessError('invalid', `task ${task} is not of this agent`);
    }
    const key = agent === null ? owner : agentKey(requireName({ ...named, agent }));
    const nowMs = Date.now();
    if (request.untilMs != null && request.untilMs <= nowMs) {
      throw new AccessError('invalid', 'untilMs lies in the past');
    }
    return {
      id: `manual:${randomUUID()}`,
      tenant: (key && parseAgentKey(key)?.tenant) ?? named.tenant,
      agent: key,
      task,
      server,
      tools,
      effects,
      dataClasses,
      response: request.response ?? widestResponse(request),
      issuedAt: nowMs,
      until: request.untilMs ?? null,
      reason: request.reason,
      retryable: request.retryable ?? false,
      evidence: [],
      risk: 0,
      policy: policies.active.digest,
      by: request.by,
      cause: '',
    };
  }

  private async audited<T>(act: Act, work: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await work();
    } catch (error) {
      await this.parts.audit.record(act, 'refused').catch((unrecorded: unknown) => {
        throw new AggregateError([error, unrecorded], 'refused, and the refusal could not be audited', {
          cause: error,
        });
      });
      throw error;
    }
    await this.parts.audit.record(act, 'done');
    return result;
  }
}

function widestResponse(request: RevokeRequest): Revocation['response'] {
  const narrowed = request.server ?? request.tools ?? request.effects ?? request.dataClasses;
  if (narrowed != null) return 'restrict';
  return request.task == null ? 'revoke-agent' : 'revoke-task';
}
