import { EFFECTS, type Effect, type Enforcement, type GatewayReport, type Revocation } from '#activity/types';
import { enforces } from './covers.js';
import { isOver } from './revocation-index.js';
import {
  DEFAULT_LEASE_MS,
  GATEWAYS_MAX,
  LEASE_MARGIN_MS,
  TRACKED_MAX,
  type ContainmentEvent,
  type ContainmentSnapshot,
  type EffectContainment,
  type GatewayView,
  type RevocationContainment,
  type Tracked,
} from './containment-types.js';

/** Early receipts kept: a lost one only means that the next heartbeat has to prove it. */
const EARLY_MAX = 1_000;

export interface ContainmentLimits {
  gateways?: number;
  tracked?: number;
}

/**
 * Proof of what was taken away: a fold over what gateways report and what was revoked. No clock of its own: every
 * method is told the time (append time of the record, or the wall clock once everything there was has been folded).
 *
 * An effect of a revocation is contained when every gateway instance in the set has enforced it (a receipt, or a
 * heartbeat whose position is past it), or its lease has run out and its own fail mode closes that effect.
 * An instance leaves the set only by its goodbye or a named person's word; silence keeps it in.
 */
export class Containment {
  private readonly gateways = new Map<string, GatewayView>();
  private readonly tracked = new Map<string, Tracked>();
  /** Tracked and not contained in every effect. */
  private readonly open = new Set<string>();
  /** Tracked whose containment leans on a lease: looked at again when that gateway is heard. */
  private readonly leaning = new Map<string, Set<string>>();
  private readonly changed = new Set<string>();
  /** Receipts that came before their revocation was read here: the two are on different topics. */
  private readonly early = new Map<string, Record<string, number>>();
  private readonly limits: Required<ContainmentLimits>;
  private crowded = false;
  private untrackedCount = 0;

  constructor(snapshot: ContainmentSnapshot | null = null, limits: ContainmentLimits = {}) {
    this.limits = { gateways: GATEWAYS_MAX, tracked: TRACKED_MAX, ...limits };
    for (const gateway of snapshot?.gateways ?? []) this.gateways.set(gateway.instance, { ...gateway });
    for (const tracked of snapshot?.tracked ?? []) this.keep(structuredClone(tracked));
    this.crowded = snapshot?.crowded ?? false;
  }

  /** Revocations that found no room since the start: nothing is proved about them. */
  get untracked(): number {
    return this.untrackedCount;
  }

  get isCrowded(): boolean {
    return this.crowded;
  }

  /** A revocation as the `revocations` topic holds it. One that is over, or enforced nowhere, is not followed. */
  revoked(revocation: Revocation, offset: number, appendedAtMs: number, nowMs: number): void {
    if (!enforces(revocation) || isOver(revocation, nowMs)) return;
    const known = this.tracked.get(revocation.id);
    if (known) return;
    if (!this.makeRoom(nowMs)) {
      this.untrackedCount += 1;
      return;
    }
    const { id, tenant, agent, task, issuedAt, until } = revocation;
    const effects = revocation.effects ?? [...EFFECTS];
    const receipts = this.early.get(id) ?? {};
    this.early.delete(id);
    this.keep({
      id,
      tenant,
      agent,
      task,
      issuedAt,
      until,
      effects,
      offset,
      appendedAtMs,
      late: false,
      receipts,
      contained: {},
    });
    this.changed.add(id);
  }

  /** A lifted revocation needs no proof any more. */
  lifted(revocation: string): void {
    this.drop(revocation);
  }

  /** Folds one report; `atMs` is its append time. Returns what somebody should hear at once. */
  reported(report: GatewayReport, atMs: number): ContainmentEvent[] {
    if (report.type === 'GatewayLeft') {
      this.leave(report.instance);
      return [];
    }
    const gateway = this.heard(report, atMs);
    if (!gateway) return [];
    if (report.type === 'GatewayRegistered') {
      gateway.registered = true;
      gateway.leaseMs = report.leaseMs;
      gateway.closes = report.failMode.filter((mode) => mode.closed).map((mode) => mode.effect);
    }
    if (report.type === 'GatewayHeartbeat') gateway.position = Math.max(gateway.position, report.position);
    this.reopenBehind(gateway);
    return report.type === 'Enforcement' ? this.receipt(report, gateway, atMs) : [];
  }

  /** Looks at everything that is open, at this time. Call once after each batch of reports, and on a timer. */
  settle(nowMs: number): ContainmentEvent[] {
    const events: ContainmentEvent[] = [];
    for (const gateway of this.gateways.values()) {
      if (gateway.silent || !leaseOut(gateway, nowMs)) continue;
      gateway.silent = true;
      const { instance, heardAtMs } = gateway;
      events.push({ type: 'silent', gateway: gateway.gateway, instance, atMs: nowMs, heardAtMs });
    }
    for (const tracked of this.tracked.values()) if (isOver(tracked, nowMs)) this.drop(tracked.id);
    for (const id of this.open) {
      const event = this.settleOne(this.tracked.get(id)!, nowMs);
      if (event) events.push(event);
    }
    return events;
  }

  /** What is known, by id of the revocation. */
  list(nowMs: number): RevocationContainment[] {
    return [...this.tracked.values()].map((tracked) => this.view(tracked, nowMs));
  }

  get(revocation: string, nowMs: number): RevocationContainment | null {
    const tracked = this.tracked.get(revocation);
    return tracked ? this.view(tracked, nowMs) : null;
  }

  gatewayList(): GatewayView[] {
    return [...this.gateways.values()].map((gateway) => ({ ...gateway, closes: [...gateway.closes] }));
  }

  /** Not contained in every effect, and of these, those that an alarm was raised for. */
  counts(): { tracked: number; open: number; late: number; gateways: number; silent: number } {
    let [late, silent] = [0, 0];
    for (const id of this.open) if (this.tracked.get(id)!.late) late += 1;
    for (const gateway of this.gateways.values()) if (gateway.silent) silent += 1;
    const { tracked, open, gateways } = this;
    return { tracked: tracked.size, open: open.size, late, gateways: gateways.size, silent };
  }

  /** Plain data to keep. */
  snapshot(): ContainmentSnapshot {
    return { gateways: this.gatewayList(), crowded: this.crowded, tracked: [...this.tracked.values()] };
  }

  /** Ids whose record changed (or went) since the last call: what a store needs to write again. */
  takeChanged(): string[] {
    const ids = [...this.changed];
    this.changed.clear();
    return ids;
  }

  private keep(tracked: Tracked): void {
    this.tracked.set(tracked.id, tracked);
    if (tracked.effects.some((effect) => !tracked.contained[effect])) this.open.add(tracked.id);
    for (const { byLease } of Object.values(tracked.contained)) this.lean(tracked.id, byLease);
  }

  private drop(id: string): void {
    if (!this.tracked.delete(id)) return;
    this.open.delete(id);
    for (const ids of this.leaning.values()) ids.delete(id);
    this.changed.add(id);
  }

  private lean(id: string, instances: string[]): void {
    for (const instance of instances) {
      const ids = this.leaning.get(instance) ?? new Set();
      this.leaning.set(instance, ids.add(id));
    }
  }

  /** Over ones go first, then the oldest that are contained; an open one never makes room. */
  private makeRoom(nowMs: number): boolean {
    if (this.tracked.size < this.limits.tracked) return true;
    for (const tracked of this.tracked.values()) if (isOver(tracked, nowMs)) this.drop(tracked.id);
    for (const id of this.tracked.keys()) {
      if (this.tracked.size < this.limits.tracked) break;
      if (!this.open.has(id)) this.drop(id);
    }
    return this.tracked.size < this.limits.tracked;
  }

  private heard(report: GatewayReport, atMs: number): GatewayView | null {
    let gateway = this.gateways.get(report.instance);
    if (!gateway) {
      if (this.gateways.size >= this.limits.gateways) {
        this.crowded = true;
        return null;
      }
      gateway = newGateway(report, atMs);
      this.gateways.set(report.instance, gateway);
    }
    gateway.heardAtMs = Math.max(gateway.heardAtMs, atMs);
    gateway.silent = false;
    return gateway;
  }

  private leave(instance: string): void {
    if (!this.gateways.delete(instance)) return;
    this.leaning.delete(instance);
    if (this.gateways.size < this.limits.gateways) this.crowded = false;
  }

  /** A gateway that counted only by its fail mode is back and behind: what leaned on it is open again. */
  private reopenBehind(gateway: GatewayView): void {
    const ids = this.leaning.get(gateway.instance);
    if (!ids) return;
    this.leaning.delete(gateway.instance);
    for (const id of ids) {
      const tracked = this.tracked.get(id)!;
      if (gateway.position > tracked.offset) continue;
      for (const effect of tracked.effects) {
        if (tracked.contained[effect]?.byLease.includes(gateway.instance)) delete tracked.contained[effect];
      }
      this.open.add(id);
      this.changed.add(id);
    }
  }

  private receipt(report: Enforcement, gateway: GatewayView, atMs: number): ContainmentEvent[] {
    const tracked = this.tracked.get(report.revocation) ?? null;
    if (report.outcome === 'applied') this.applied(report.revocation, tracked, gateway.instance, atMs);
    if (report.outcome !== 'completed' && report.outcome !== 'unknown') return [];
    if (report.effect === 'read') return [];
    return [
      {
        type: 'may-have-taken-effect',
        revocation: report.revocation,
        tracked,
        atMs,
        gateway: gateway.gateway,
        instance: gateway.instance,
        callId: report.callId ?? '',
        effect: report.effect,
        outcome: report.outcome,
      },
    ];
  }

  private applied(id: string, tracked: Tracked | null, instance: string, atMs: number): void {
    if (tracked === null) {
      const receipts = this.early.get(id) ?? {};
      receipts[instance] ??= atMs;
      this.early.set(id, receipts);
      const [oldest] = this.early.keys();
      if (this.early.size > EARLY_MAX && oldest !== undefined) this.early.delete(oldest);
    } else if (this.open.has(id)) {
      tracked.receipts[instance] ??= atMs;
      this.changed.add(id);
    }
  }

  private settleOne(tracked: Tracked, nowMs: number): ContainmentEvent | null {
    const views = tracked.effects.map((effect) => this.effectView(tracked, effect, nowMs));
    for (const { effect, containedAtMs, byLease } of views) {
      if (containedAtMs === null || tracked.contained[effect]) continue;
      tracked.contained[effect] = { atMs: containedAtMs, byLease };
      this.lean(tracked.id, byLease);
      this.changed.add(tracked.id);
    }
    const missing = views.filter((view) => view.containedAtMs === null);
    return missing.length === 0 ? this.allContained(tracked, views) : this.lateAlarm(tracked, missing, nowMs);
  }

  private allContained(tracked: Tracked, views: EffectContainment[]): ContainmentEvent {
    this.open.delete(tracked.id);
    tracked.receipts = {};
    this.changed.add(tracked.id);
    const atMs = Math.max(...views.map((view) => view.containedAtMs!));
    return {
      type: 'contained',
      revocation: tracked.id,
      atMs,
      afterMs: Math.max(0, atMs - tracked.appendedAtMs),
    };
  }

  private lateAlarm(tracked: Tracked, views: EffectContainment[], nowMs: number): ContainmentEvent | null {
    const leaseMs = Math.max(0, ...[...this.gateways.values()].map((gateway) => gateway.leaseMs));
    if (tracked.late || nowMs <= tracked.appendedAtMs + leaseMs + LEASE_MARGIN_MS) return null;
    tracked.late = true;
    this.changed.add(tracked.id);
    const missing = [...new Set(views.flatMap((view) => view.missing))].sort();
    const effects = views.map((view) => view.effect);
    return { type: 'not-contained', revocation: tracked, atMs: nowMs, effects, missing };
  }

  private effectView(tracked: Tracked, effect: Effect, nowMs: number): EffectContainment {
    const settled = tracked.contained[effect];
    if (settled) return { effect, containedAtMs: settled.atMs, missing: [], byLease: settled.byLease };
    let containedAtMs = tracked.appendedAtMs;
    const [missing, byLease]: [string[], string[]] = [[], []];
    for (const gateway of this.gateways.values()) {
      const enforcedAtMs = enforcedAt(tracked, gateway);
      if (enforcedAtMs !== null) {
        containedAtMs = Math.max(containedAtMs, enforcedAtMs);
      } else if (leaseOut(gateway, nowMs) && gateway.closes.includes(effect)) {
        containedAtMs = Math.max(containedAtMs, gateway.heardAtMs + gateway.leaseMs + LEASE_MARGIN_MS);
        byLease.push(gateway.instance);
      } else {
        missing.push(gateway.instance);
      }
    }
    const proved = missing.length === 0 && !this.crowded;
    return { effect, containedAtMs: proved ? containedAtMs : null, missing, byLease };
  }

  private view(tracked: Tracked, nowMs: number): RevocationContainment {
    const effects = tracked.effects.map((effect) => this.effectView(tracked, effect, nowMs));
    const { id, tenant, agent, task, issuedAt, until, offset, late } = tracked;
    const contained = effects.every((view) => view.containedAtMs !== null);
    return { revocation: id, tenant, agent, task, issuedAt, until, offset, contained, effects, late };
  }
}

function newGateway(report: GatewayReport, atMs: number): GatewayView {
  return {
    gateway: report.gateway,
    instance: report.instance,
    registered: false,
    leaseMs: DEFAULT_LEASE_MS,
    closes: [],
    heardAtMs: atMs,
    position: 0,
    silent: false,
  };
}

/** A gateway applies its fail mode by its own clock; the margin covers the way of its last report and the clocks. */
function leaseOut(gateway: GatewayView, nowMs: number): boolean {
  return nowMs > gateway.heardAtMs + gateway.leaseMs + LEASE_MARGIN_MS;
}

/** By its receipt, or by a position past the revocation: it has read and applied everything before that. */
function enforcedAt(tracked: Tracked, gateway: GatewayView): number | null {
  const receiptAtMs = tracked.receipts[gateway.instance];
  if (receiptAtMs !== undefined) return receiptAtMs;
  return gateway.position > tracked.offset ? gateway.heardAtMs : null;
}
