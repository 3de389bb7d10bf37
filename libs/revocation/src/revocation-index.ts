import { decodeCommand, liftKey } from '#activity';
import { RESPONSES, type Lift, type Revocation } from '#activity/types';
import { covers, enforces, type RevocableCall } from './covers.js';

/** Revocations held at once: about 100 MB at the sizes seen; far beyond what a working policy has live. */
export const REVOCATIONS_MAX = 50_000;
/** Lifted ids remembered: forgetting one can only take access away again, never give it. */
export const LIFTED_MAX = 200_000;

/** Key prefix of lifts, as `liftKey` of `#activity` makes it. */
const LIFT_PREFIX = liftKey('');

export type Applied =
  /** Live from now on. */
  | 'applied'
  /** Held already: a command done twice is the same command. */
  | 'repeated'
  /** Its lift was seen before: dead for ever. */
  | 'lifted'
  /** Over before it was seen. */
  | 'expired'
  /** No room: its whole tenant (for an asserted identity: all asserted ones of it) is closed until it would have ended. */
  | 'overflow'
  /** Only recorded (`observe`, `alert`): stops nothing. */
  | 'not-enforced';

/** Whether calls are stopped because of it: what gateways acknowledge, and what containment has to prove. */
export function isInForce(applied: Applied | 'lift' | 'tombstone'): boolean {
  return applied === 'applied' || applied === 'repeated' || applied === 'overflow';
}

export interface IndexLimits {
  revocations?: number;
  lifted?: number;
}

/**
 * The live revocations, matched against every call. Order-free: any order of the same records gives the same index.
 * Revocations add up; a lifted id is dead for ever, also when the lift comes first. Time is the caller's `nowMs`.
 * Past the limits it fails closed: a revocation without room closes its tenant until it would have ended.
 */
export class RevocationIndex {
  /** Subject (`fileKey`) → what is live for it. */
  private readonly bySubject = new Map<string, Map<string, Revocation>>();
  private readonly byId = new Map<string, Revocation>();
  /** Lifted ids, oldest first. */
  private readonly dead = new Set<string>();
  private readonly closed = new Map<string, Revocation>();
  private readonly limits: Required<IndexLimits>;
  /** Of those held, the ones of asserted identities. */
  private assertedHeld = 0;
  private overflows = 0;
  private forgotten = 0;

  constructor(limits: IndexLimits = {}) {
    this.limits = { revocations: REVOCATIONS_MAX, lifted: LIFTED_MAX, ...limits };
  }

  /** How many are held. */
  get size(): number {
    return this.byId.size;
  }

  /** Limits crossed since the start: revocations without room, lifted ids forgotten. */
  get overflow(): { revocations: number; lifted: number } {
    return { revocations: this.overflows, lifted: this.forgotten };
  }

  /** `nowMs` only sorts out what is over already; without it everything counts as live until `expire` or `match` says. */
  applyRevocation(revocation: Revocation, nowMs?: number): Applied {
    if (this.dead.has(revocation.id)) return 'lifted';
    if (!enforces(revocation)) return 'not-enforced';
    if (nowMs !== undefined && isOver(revocation, nowMs)) return 'expired';
    const held = this.byId.get(revocation.id);
    if (held) {
      if (stricter(held, revocation) === held) return 'repeated';
      this.remove(held);
    } else if (!this.hasRoom(revocation, nowMs)) {
      this.close(revocation);
      return 'overflow';
    }
    this.add(revocation);
    return held ? 'repeated' : 'applied';
  }

  /** Returns the revocation it ended, null when that one is not held (yet): it never will be. */
  applyLift(lift: Pick<Lift, 'revocation'>): Revocation | null {
    this.bury(lift.revocation);
    const held = this.byId.get(lift.revocation) ?? null;
    if (held) this.remove(held);
    return held;
  }

  /**
   * One record of the `revocations` topic. Throws `DecodeError` on bytes that are neither; the caller counts it and goes on.
   * A tombstone changes nothing that is live: it only lets a lift be forgotten that nothing can replay against any more.
   */
  applyRecord(key: string, value: Uint8Array | null, nowMs?: number): Applied | 'lift' | 'tombstone' {
    if (value === null) {
      if (key.startsWith(LIFT_PREFIX)) this.forgetLift(key.slice(LIFT_PREFIX.length));
      return 'tombstone';
    }
    const command = decodeCommand(key, value);
    if (command.kind === 'revocation') return this.applyRevocation(command.revocation, nowMs);
    this.applyLift(command.lift);
    return 'lift';
  }

  /** Forgets a lift whose revocation nothing can replay any more (its tombstone came). */
  forgetLift(revocation: string): void {
    this.dead.delete(revocation);
  }

  /** The gravest live revocation that covers this call, null when none does. Microseconds. */
  match(call: RevocableCall, nowMs: number): Revocation | null {
    if (this.byId.size === 0 && this.closed.size === 0) return null;
    let found: Revocation | null = null;
    for (const subject of subjectsOf(call)) {
      for (const revocation of this.bySubject.get(subject)?.values() ?? []) {
        if (isOver(revocation, nowMs) || !covers(revocation, call)) continue;
        found = found === null ? revocation : graver(found, revocation);
      }
    }
    if (this.closed.size > 0) found ??= this.closedFor(call, nowMs);
    return found;
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  get(id: string): Revocation | null {
    return this.byId.get(id) ?? null;
  }

  isLifted(id: string): boolean {
    return this.dead.has(id);
  }

  /** What is live, by id; with `nowMs` without what is over. */
  list(nowMs?: number): Revocation[] {
    const all = [...this.byId.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
    return nowMs === undefined ? all : all.filter((revocation) => !isOver(revocation, nowMs));
  }

  /** Drops what is over; call on a timer. Returns what it dropped. */
  expire(nowMs: number): Revocation[] {
    const over = [...this.byId.values()].filter((revocation) => isOver(revocation, nowMs));
    for (const revocation of over) this.remove(revocation);
    for (const [closes, closing] of this.closed) if (isOver(closing, nowMs)) this.closed.delete(closes);
    return over;
  }

  private hasRoom(revocation: Revocation, nowMs: number | undefined): boolean {
    if (this.fits(revocation)) return true;
    if (nowMs !== undefined) this.expire(nowMs);
    return this.fits(revocation);
  }

  /** Asserted identities, which anybody can make up, never take more than half of the room. */
  private fits(revocation: Revocation): boolean {
    const { revocations } = this.limits;
    if (isAsserted(revocation) && this.assertedHeld >= revocations / 2) return false;
    return this.byId.size < revocations;
  }

  private add(revocation: Revocation): void {
    this.byId.set(revocation.id, revocation);
    if (isAsserted(revocation)) this.assertedHeld += 1;
    const subject = subjectOf(revocation);
    let group = this.bySubject.get(subject);
    if (!group) this.bySubject.set(subject, (group = new Map()));
    group.set(revocation.id, revocation);
  }

  private remove(revocation: Revocation): void {
    this.byId.delete(revocation.id);
    if (isAsserted(revocation)) this.assertedHeld -= 1;
    const subject = subjectOf(revocation);
    const group = this.bySubject.get(subject);
    group?.delete(revocation.id);
    if (group?.size === 0) this.bySubject.delete(subject);
  }

  private bury(id: string): void {
    this.dead.add(id);
    if (this.dead.size <= this.limits.lifted) return;
    const [oldest] = this.dead;
    if (oldest !== undefined) this.dead.delete(oldest);
    this.forgotten += 1;
  }

  /** No room: what could not be kept apart is stopped altogether, visibly, until the last of it would have ended. */
  private close(revocation: Revocation): void {
    this.overflows += 1;
    const closes = closedKey(revocation.tenant, isAsserted(revocation));
    const before = this.closed.get(closes);
    const until = before ? laterUntil(before.until, revocation.until) : revocation.until;
    this.closed.set(closes, closedBy(revocation, until));
  }

  /** What closes verified identities closes the asserted ones too; never the other way round. */
  private closedFor({ tenant, agentKey }: RevocableCall, nowMs: number): Revocation | null {
    const closings = [this.closed.get(closedKey(tenant, false))];
    if (isAsserted({ tenant, agent: agentKey })) closings.push(this.closed.get(closedKey(tenant, true)));
    return closings.find((closing) => closing && !isOver(closing, nowMs)) ?? null;
  }
}

/** Whether only an asserted identity is meant: its key space is its own (`agentKey`). */
function isAsserted({ tenant, agent }: Pick<Revocation, 'tenant' | 'agent'>): boolean {
  return agent !== null && agent.startsWith(`${tenant}|asserted/`);
}

function closedKey(tenant: string, asserted: boolean): string {
  return asserted ? `${tenant}|asserted` : tenant;
}

function closedBy(revocation: Revocation, until: number | null): Revocation {
  return {
    ...revocation,
    id: `overflow:${revocation.tenant}`,
    agent: null,
    task: null,
    server: null,
    effects: null,
    tools: null,
    dataClasses: null,
    response: 'revoke-agent',
    until,
    reason: 'more live revocations than can be held: everything is stopped until they end',
    retryable: true,
    evidence: [],
    cause: revocation.id,
  };
}

/** What a revocation is filed under: its subject, as narrow as it names one. */
function subjectOf(revocation: Revocation): string {
  return fileKey(revocation.tenant, revocation.agent, revocation.task);
}

/** Every subject a call can be covered by: four look-ups, however much is live. */
function subjectsOf(call: RevocableCall): string[] {
  const subjects = [fileKey(call.tenant, call.agentKey, null), fileKey(call.tenant, null, null)];
  if (call.task === null) return subjects;
  subjects.push(fileKey(call.tenant, call.agentKey, call.task), fileKey(call.tenant, null, call.task));
  return subjects;
}

function fileKey(tenant: string, agent: string | null, task: string | null): string {
  return `${tenant}\n${agent ?? ''}\n${task ?? ''}`;
}

export function isOver(revocation: Pick<Revocation, 'until'>, nowMs: number): boolean {
  return revocation.until !== null && revocation.until <= nowMs;
}

function laterUntil(a: number | null, b: number | null): number | null {
  return a === null || b === null ? null : Math.max(a, b);
}

/** Two contents under one id never happen; if they do, the one that holds longer stays, whatever came first. */
function stricter(a: Revocation, b: Revocation): Revocation {
  const [aUntil, bUntil] = [a.until ?? Infinity, b.until ?? Infinity];
  if (aUntil !== bUntil) return aUntil > bUntil ? a : b;
  return JSON.stringify(a) >= JSON.stringify(b) ? a : b;
}

/** The one to tell the caller: the graver response, then the longer, then by id, so that every gateway says the same. */
function graver(a: Revocation, b: Revocation): Revocation {
  const byResponse = RESPONSES.indexOf(a.response) - RESPONSES.indexOf(b.response);
  if (byResponse !== 0) return byResponse > 0 ? a : b;
  const [aUntil, bUntil] = [a.until ?? Infinity, b.until ?? Infinity];
  if (aUntil !== bUntil) return aUntil > bUntil ? a : b;
  return a.id < b.id ? a : b;
}
