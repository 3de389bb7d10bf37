/** May this call be made now? Task, revocations, lease and, where the policy says so, the authority. */
import { AccessError, type Authority, type Decision } from '#access';
import type { Effect, ToolCall, ToolResult } from '#activity/types';
import type { RevocableCall, RevocationIndex } from '#revocation';
import type { Logger } from '#telemetry';
import { DECIDE_MAX_MS } from '../limits.js';
import type { GatewayMetrics } from '../metrics.js';
import type { FailMode } from './fail-mode.js';
import type { ActivePolicy } from './policies.js';
import type { Agent } from './port.js';
import { isAsked } from './reported.js';
import type { Tasks } from './tasks.js';
import {
  refusedByAuthority,
  refusedByFailMode,
  refusedByLimit,
  refusedByRevocation,
  refusedByTask,
  type Refused,
  type Verdict,
} from './verdict.js';

export interface DeciderParts {
  policies: ActivePolicy;
  /** `none`: streamed only, nobody is asked. */
  decide: 'policy' | 'none';
  authority: Authority;
  tasks: Tasks;
  index: RevocationIndex;
  leaseHeld: () => boolean;
  failMode: FailMode;
  metrics: GatewayMetrics;
  logger: Logger;
}

/** A class the policy does not rank may be anything. */
const UNLISTED = 1;
/** The same trouble is told of once in this time; every case is counted. */
const TELL_EVERY_MS = 5_000;

/** Codes of the authority that say "not now" to this call, whatever the fail mode. */
const FULL = new Set(['full', 'limit']);

export class Decider {
  private readonly parts: DeciderParts;
  private readonly toldMs = new Map<string, number>();

  constructor(parts: DeciderParts) {
    this.parts = parts;
  }

  async decide(call: ToolCall, revocable: RevocableCall, agent: Agent): Promise<Verdict> {
    const opens: string[] = [];
    const refused =
      (await this.checkTask(call, agent, opens)) ?? this.covered(revocable) ?? this.checkLease(call, opens);
    if (refused) return refused;
    if (!this.asks(call))
      return { allowed: true, basis: opens.length > 0 ? 'fail-mode' : 'passed', policy: '', asked: false };
    return this.ask(call);
  }

  /** The revocation that covers this call now. */
  covered(revocable: RevocableCall): Refused | null {
    const revocation = this.parts.index.match(revocable, Date.now());
    return revocation && refusedByRevocation(revocation);
  }

  /** Puts a result into the pending list before the agent gets it. Null = released. */
  async release(result: ToolResult, effect: Effect): Promise<Refused | null> {
    try {
      await within(this.parts.authority.pend(result));
      return null;
    } catch (error) {
      if (isFull(error)) return this.full(error);
      return this.failed('pend', effect, error);
    }
  }

  /** Whether a result has to be in the pending list before the agent gets it. */
  mustPend(result: ToolResult): boolean {
    if (this.parts.decide === 'none') return false;
    if (result.values.length > 0 || result.valuesDropped > 0 || result.trust === 'third-party') return true;
    if (result.requests.length > 0) return true;
    const { dataClasses } = this.parts.policies.active;
    return result.dataClasses.some((dataClass) => (dataClasses[dataClass] ?? UNLISTED) > 0);
  }

  /** Something the promise rests on is away. Null = this effect passes without it. */
  failed(cause: string, effect: Effect, error?: unknown): Refused | null {
    const closed = this.parts.failMode.closes(effect);
    this.parts.metrics.failMode(cause, closed ? 'closed' : 'open');
    this.tell(cause, effect, closed, error);
    return closed ? refusedByFailMode(cause, effect) : null;
  }

  private tell(cause: string, effect: Effect, closed: boolean, error: unknown): void {
    const nowMs = performance.now();
    if (nowMs - (this.toldMs.get(cause) ?? -Infinity) < TELL_EVERY_MS) return;
    this.toldMs.set(cause, nowMs);
    const fields = { cause, effect, closed, ...(error === undefined ? {} : { error: String(error) }) };
    this.parts.logger.warn(fields, 'a call is decided by the fail mode');
  }

  private asks(call: ToolCall): boolean {
    return this.parts.decide !== 'none' && isAsked(this.parts.policies.active.ask, call);
  }

  private async ask(call: ToolCall): Promise<Verdict> {
    const startedMs = performance.now();
    let decision: Decision;
    try {
      decision = await within(this.parts.authority.decide({ ...call, basis: 'assessed', pending: true }));
    } catch (error) {
      if (isFull(error)) return this.full(error);
      return (
        this.failed('authority', call.effect, error) ?? {
          allowed: true,
          basis: 'fail-mode',
          policy: '',
          asked: true,
        }
      );
    } finally {
      this.parts.metrics.decisionMs(performance.now() - startedMs);
    }
    if (!decision.allowed) return refusedByAuthority(decision);
    return { allowed: true, basis: 'assessed', policy: decision.policy, asked: true };
  }

  private async checkTask(call: ToolCall, agent: Agent, opens: string[]): Promise<Refused | null> {
    if (call.task === null) return null;
    const standing = await this.parts.tasks.standing(call.task, agent, call.time);
    if (standing === 'open') return null;
    if (standing !== 'undecided') return refusedByTask(standing);
    opens.push('task');
    return this.failed('task', call.effect);
  }

  private checkLease(call: ToolCall, opens: string[]): Refused | null {
    if (this.parts.leaseHeld()) return null;
    opens.push('lease');
    return this.failed('lease', call.effect);
  }

  private full(error: unknown): Refused {
    this.parts.metrics.limit('pending');
    return refusedByLimit(
      'full',
      error instanceof AccessError ? error.message : 'too much is pending for this agent',
      true,
    );
  }
}

function isFull(error: unknown): boolean {
  return error instanceof AccessError && FULL.has(error.code);
}

async function within<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AccessError('unreachable', `no answer within ${DECIDE_MAX_MS} ms`)),
      DECIDE_MAX_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
    // A late failure changes nothing any more.
    work.catch(() => undefined);
  }
}
