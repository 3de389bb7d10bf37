/**
 * What a gateway (and an orchestrator, a person) asks the authority, independent of transport. The HTTP form is
 * AuthZEN 1.0 for decisions (`http-client.ts` here, controllers in `apps/authority`).
 */
import type {
  Activity,
  Alert,
  Effect,
  Evidence,
  Level,
  Response,
  Revocation,
  Scope,
  ToolCall,
  ToolResult,
} from '#activity/types';

export interface Decision {
  /** Id of this decision, for logs and AuthZEN `evaluation_id`. */
  id: string;
  allowed: boolean;
  response: Response | null;
  /** What it rests on; goes into the logged `ToolCall` as it is. */
  basis: 'assessed' | 'revocation' | 'task' | 'limit';
  /** Stable code, empty when allowed. */
  reason: string;
  explanation: string;
  retryable: boolean;
  /** Id of the revocation that covers the call, if any. */
  revocation: string | null;
  risk: number;
  level: Level;
  evidence: Evidence[];
  /** 0–1: how far the task has moved from its last approval. */
  approvalGap: number;
  /** A context check is due, though nothing is stopped for it. */
  renewalDue: boolean;
  policy: string;
}

export interface TaskRequest {
  /** Null tenant = the authority's own. */
  tenant?: string;
  agent: string;
  assurance?: 'verified' | 'asserted';
  /** As the agent's tokens name it: the `sub` is compared letter by letter (RFC 7519 §4.1.2). */
  principal: string | null;
  intent: string;
  scope: Scope | null;
  /** Time to live; capped by the authority. */
  ttlMs: number;
  parentTask?: string | null;
  /** What kind of work it is, at most 64 bytes: policies set budgets and thresholds by it. */
  kind?: string | null;
}

export interface TaskView {
  task: string;
  tenant: string;
  agent: string;
  assurance: 'verified' | 'asserted';
  principal: string | null;
  intent: string;
  scope: Scope | null;
  startedAt: number;
  expiresAt: number;
  open: boolean;
  risk: number;
  level: Level;
  /** Live evidence of the task: what a context check is to be shown. */
  evidence: Evidence[];
  /** 0–1: how far the task has moved from its last approval. */
  approvalGap: number;
  /** A context check is due, though nothing is stopped for it. */
  renewalDue: boolean;
}

export interface ContextCheckRequest {
  outcome: 'passed' | 'failed';
  by: string;
  reason: string;
  /** Keys of the evidence that was shown; exactly these are cleared. */
  evidence: string[];
}

/**
 * Every method throws `AccessError` with a stable `code`: `unreachable`, `not-current` (lag, rebuilding, unknown policy),
 * `contended`, `unauthorized`, `forbidden`, `not-found`, `invalid`, `full`, `limit`.
 */
export interface Authority {
  /** May this agent, on this task, make this call now? An allowed call is pending when this resolves. */
  decide(call: ToolCall): Promise<Decision>;
  /** Appends a result to the pending list before the agent gets it. */
  pend(result: ToolResult): Promise<void>;
  /** A task as the agent's state and pending list know it; null when unknown. */
  /** `agent`: key of the agent, for undeclared work. */
  task(task: string, agent?: string): Promise<TaskView | null>;
  startTask(request: TaskRequest): Promise<TaskView>;
  endTask(task: string, outcome: 'completed' | 'cancelled', by: string): Promise<void>;
  /** Undeclared work (`implicit/…`, as alerts name it) is checked with the key of its agent. */
  contextCheck(task: string, request: ContextCheckRequest, agent?: string): Promise<TaskView>;
}

/** A person takes something away. At least one of agent, task, server and tools is named. */
export interface RevokeRequest {
  tenant?: string;
  /** SPIFFE ID or asserted name. */
  agent?: string | null;
  /** Default `verified`. */
  assurance?: 'verified' | 'asserted';
  task?: string | null;
  server?: string | null;
  tools?: string[] | null;
  effects?: Effect[] | null;
  dataClasses?: string[] | null;
  /** Default: the widest that fits the subject. */
  response?: Response;
  /** Wall time it ends at; null = until lifted. */
  untilMs?: number | null;
  by: string;
  reason: string;
  retryable?: boolean;
}

/** A task in short. */
export interface AgentTaskView {
  task: string;
  declared: boolean;
  expiresAt: number | null;
  risk: number;
  level: Level;
  approvalGap: number;
  renewalDue: boolean;
}

/** What the state knows of one agent, pending included. */
export interface AgentView {
  key: string;
  tenant: string;
  agent: string;
  assurance: 'verified' | 'asserted';
  risk: number;
  level: Level;
  evidence: Evidence[];
  /** Of its declared task that has moved furthest from its last approval. */
  approvalGap: number;
  renewalDue: boolean;
  /** Its open tasks, declared and implicit. */
  tasks: AgentTaskView[];
  pending: number;
  policy: string;
}

/** What a person found about an alert. */
export interface VerdictRequest {
  verdict: 'confirmed' | 'false-positive';
  /** `task`: exactly the evidence shown; `agent`: its kinds, in any task of the agent. */
  scope: 'task' | 'agent';
  /** Wall time it ends at. */
  untilMs: number;
  by: string;
  reason: string;
}

/** What a verdict came to. */
export interface VerdictView {
  alert: string;
  /** Agent key. */
  agent: string;
  /** Of the alert; null = it was about the agent. */
  task: string | null;
  /** Keys of the evidence it speaks of. */
  evidence: string[];
  /** Afterwards, of the task, or of the agent where the alert was about it. */
  risk: number;
  level: Level;
}

/** A policy file with what it names, to be validated and activated where every engine, authority and gateway hears of it. */
export interface PolicyRequest {
  /** Which of the files is the policy. */
  main: string;
  /** Path → text. */
  files: Record<string, string>;
  /** Digest of the compiled policy, as the sender has it. */
  digest: string;
  by: string;
  reason: string;
}

/** The policy that is active. */
export interface PolicyView {
  /** Counts activations from 1; 0 = nothing was activated yet, and the configured one is shown. */
  revision: number;
  digest: string;
  name: string;
  by: string;
  reason: string;
  /** When it was activated; 0 = never. */
  at: number;
}

/** What a named person sees and does. Every act is audited. Throws `AccessError` like `Authority`. */
export interface Oversight {
  /** Live revocations: not lifted, not past their `until`. */
  revocations(): Promise<Revocation[]>;
  revoke(request: RevokeRequest): Promise<Revocation>;
  lift(revocation: string, by: string, reason: string): Promise<void>;
  /** Says that this gateway instance serves no more and will not say goodbye: containment waits for it no longer. */
  removeGateway(gateway: string, instance: string, by: string, reason: string): Promise<void>;
  /** The most recent alerts, oldest first. */
  alerts(): Promise<Alert[]>;
  /** Calls `onAlert` for each recent and then each new alert until the returned function is called. */
  followAlerts(onAlert: (alert: Alert) => void, onEnd?: (error?: Error) => void): Promise<() => void>;
  /** Null for an agent never seen. */
  agent(key: string): Promise<AgentView | null>;
  /** Throws `not-found` for an alert nobody knows, `invalid` for one that is about no agent's evidence. */
  verdict(alert: string, request: VerdictRequest): Promise<VerdictView>;
  policy(): Promise<PolicyView>;
  /** Validates, publishes and activates; a bad one is refused (`invalid`) with every mistake, and the active one stays. */
  activatePolicy(request: PolicyRequest): Promise<PolicyView>;
}

export type Role = 'orchestrator' | 'gateway' | 'person';
export interface Caller {
  name: string;
  role: Role;
}
export type { Activity };
