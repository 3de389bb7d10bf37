import type { Effect, Revocation } from '#activity/types';

/**
 * Added to a gateway's lease before it counts as run out: the gateway's own timer and the way of its last heartbeat
 * to the log are both far below it.
 */
export const LEASE_MARGIN_MS = 1_000;
/** Gateway instances in the set at once. Silent ones stay, so that a fleet that crash-loops shows. */
export const GATEWAYS_MAX = 1_000;
/** Revocations followed at once; the oldest that are contained make room for new ones. */
export const TRACKED_MAX = 5_000;
/** Lease of a gateway that reports without having registered: the default of the configuration. */
export const DEFAULT_LEASE_MS = 5_000;

/** A gateway instance as its reports tell it. Times are the log's append times. */
export interface GatewayView {
  gateway: string;
  instance: string;
  /** False when it reports without having registered: nothing is known of its fail mode, so every effect counts as open. */
  registered: boolean;
  leaseMs: number;
  /** Effects its own fail mode closes. */
  closes: Effect[];
  /** When its last report was appended. */
  heardAtMs: number;
  /** Next offset it reads from `revocations`, as of its last heartbeat; 0 before the first. */
  position: number;
  /** Its lease has run out and nobody has said goodbye. */
  silent: boolean;
}

/** How far one effect of one revocation is contained. */
export interface EffectContainment {
  effect: Effect;
  /** When the last gateway was accounted for; null = it is not contained. */
  containedAtMs: number | null;
  /** Instances that neither enforced it nor fell to their own fail mode for this effect. */
  missing: string[];
  /** Instances that count by their fail mode alone: should one come back behind this revocation, it is open again. */
  byLease: string[];
}

/** What is known of one revocation. */
export interface RevocationContainment {
  revocation: string;
  tenant: string;
  agent: string | null;
  task: string | null;
  issuedAt: number;
  until: number | null;
  /** Its offset in `revocations`. */
  offset: number;
  contained: boolean;
  effects: EffectContainment[];
  /** The alarm was raised. */
  late: boolean;
}

/** What somebody should hear about. Each is derived from its cause: folding it twice yields the same again. */
export type ContainmentEvent =
  | { type: 'contained'; revocation: string; atMs: number; afterMs: number }
  | { type: 'not-contained'; revocation: Tracked; atMs: number; effects: Effect[]; missing: string[] }
  | { type: 'silent'; gateway: string; instance: string; atMs: number; heardAtMs: number }
  | {
      type: 'may-have-taken-effect';
      revocation: string;
      tracked: Tracked | null;
      gateway: string;
      instance: string;
      callId: string;
      effect: Effect | null;
      outcome: 'completed' | 'unknown';
      atMs: number;
    };

/** The part of a revocation that containment needs. */
export type TrackedSubject = Pick<Revocation, 'id' | 'tenant' | 'agent' | 'task' | 'issuedAt' | 'until'>;

/** One revocation as it is kept. */
export interface Tracked extends TrackedSubject {
  effects: Effect[];
  offset: number;
  /** When the log appended it. */
  appendedAtMs: number;
  late: boolean;
  /** Instance → when its receipt was appended; only while a heartbeat does not say the same. */
  receipts: Record<string, number>;
  /** Effect → since when it is contained, and which instances count only by their fail mode. */
  contained: Partial<Record<Effect, { atMs: number; byLease: string[] }>>;
}

/** What is kept in the store: plain data, bounded, one part a key. */
export interface ContainmentSnapshot {
  gateways: GatewayView[];
  /** A gateway found no room in the set: nothing can be proved until somebody makes room. */
  crowded: boolean;
  tracked: Tracked[];
}
