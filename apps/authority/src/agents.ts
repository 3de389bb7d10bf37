/** An agent as the store knows it now: folded state plus what is pending. Nothing here is kept as truth. */
import { AccessError } from '#access';
import { decodeActivity, partitionOf } from '#activity';
import type { Activity } from '#activity/types';
import { assess, clampTime, type AgentState, type Policy } from '#drift';
import { stateCodec, type Currency, type DecisionView, type PartitionId, type StateStore } from '#store';
import type { AuthorityMetrics } from './metrics.js';
import type { Policies } from './policies.js';

export interface AgentNow {
  key: string;
  partition: PartitionId;
  /** For the compare-and-set. */
  version: string;
  state: AgentState | null;
  /** What its state was folded with, and is judged with: never one that only takes effect later on its log. */
  policy: Policy;
  /** In order of appending, times clamped as the engine will clamp them. */
  pending: Activity[];
  currency: Currency | null;
  /** When it was read: the append time a proposal is judged with. */
  atMs: number;
}

export interface AgentsOptions {
  store: StateStore;
  policies: Pick<Policies, 'get' | 'active'>;
  partitions: number;
  maxSkewMs: number;
  maxStaleMs: number;
  metrics: AuthorityMetrics;
}

/** A call that was allowed and never logged in this time was never made, or its gateway is gone. */
export const PENDING_MAX_AGE_MS = 10 * 60_000;
/**
 * Agents whose decoded state is kept between decisions. It serves calls of an agent that come together: what it did is
 * folded tens of milliseconds later, and then its state is another. Keeping more only makes garbage old, which is dear.
 */
const DECODED_MAX = 128;

interface Decoded {
  bytes: Uint8Array | null;
  state: AgentState | null;
  pending: Map<string, Activity>;
}

export class Agents {
  private readonly decoded = new Map<string, Decoded>();

  constructor(private readonly options: AgentsOptions) {}

  partition(key: string): PartitionId {
    return `activity/${partitionOf(key, this.options.partitions)}`;
  }

  /** Drops pending entries that are too old, counted, and reads again when it did. */
  async read(key: string): Promise<AgentNow> {
    const partition = this.partition(key);
    let view = await this.options.store.view(partition, key);
    const oldest = Date.now() - PENDING_MAX_AGE_MS;
    const expired = view.pending.filter((entry) => entry.atMs < oldest).map((entry) => entry.id);
    if (expired.length > 0) {
      await this.options.store.removePending(partition, key, expired);
      this.options.metrics.pendingExpired.inc(expired.length);
      view = await this.options.store.view(partition, key);
    }
    const { version, currency } = view;
    const policy = this.policyOf(currency);
    return { key, partition, version, currency, policy, atMs: Date.now(), ...this.decode(key, view) };
  }

  /** State with everything pending folded in: what a decision is assessed on, and what people are shown. */
  folded(now: AgentNow): AgentState | null {
    return now.pending.reduce<AgentState | null>(
      (state, activity) => assess(now.policy, state, activity).state,
      now.state,
    );
  }

  /** Throws `not-current` when a verdict on this state could miss something. */
  requireCurrent(currency: Currency | null): void {
    const { maxStaleMs, policies } = this.options;
    const isKnown = (digest: string) => policies.get(digest) !== null;
    const problem = staleness(currency, isKnown, Date.now(), maxStaleMs);
    if (problem === null) return;
    this.options.metrics.notCurrent.inc({ cause: problem.cause });
    throw new AccessError('not-current', problem.message);
  }

  /** Where nothing is folded yet, or by a policy nobody here knows, the active one shows what there is. */
  private policyOf(currency: Currency | null): Policy {
    const { policies } = this.options;
    return (currency && policies.get(currency.policy)) ?? policies.active;
  }

  private decode(key: string, view: DecisionView): Pick<AgentNow, 'state' | 'pending'> {
    const known = this.decoded.get(key);
    const same = known !== undefined && sameBytes(known.bytes, view.state);
    const state = same ? known.state : view.state === null ? null : stateCodec.decode(view.state);
    const pending = new Map<string, Activity>();
    for (const entry of view.pending) {
      const activity =
        known?.pending.get(entry.id) ??
        clampTime(decodeActivity(entry.activity), entry.atMs, this.options.maxSkewMs);
      pending.set(entry.id, activity);
    }
    this.remember(key, { bytes: same ? known.bytes : view.state, state, pending });
    return { state, pending: [...pending.values()] };
  }

  private remember(key: string, decoded: Decoded): void {
    this.decoded.delete(key);
    this.decoded.set(key, decoded);
    if (this.decoded.size <= DECODED_MAX) return;
    const [oldest] = this.decoded.keys();
    if (oldest !== undefined) this.decoded.delete(oldest);
  }
}

/** Why a verdict on state of this currency could miss something; null when it could not. */
export function staleness(
  currency: Currency | null,
  isKnown: (policy: string) => boolean,
  nowMs: number,
  maxStaleMs: number,
): { cause: 'unknown' | 'lag' | 'policy' | 'clock'; message: string } | null {
  if (currency === null) {
    return { cause: 'unknown', message: 'no engine has said yet that this partition is folded; start one' };
  }
  if (!isKnown(currency.policy)) {
    const message = `the state is folded with policy ${currency.policy}, of which this authority has no document`;
    return { cause: 'policy', message };
  }
  const ageMs = nowMs - currency.caughtUpAtMs;
  // An engine whose clock is ahead, then away, would seem current for as long as it was ahead.
  if (ageMs < -maxStaleMs) {
    return { cause: 'clock', message: `the engine's clock is ${-ageMs} ms ahead; set the clocks right` };
  }
  if (ageMs <= maxStaleMs) return null;
  return { cause: 'lag', message: `the state is ${ageMs} ms old, at most ${maxStaleMs} ms is current` };
}

function sameBytes(a: Uint8Array | null, b: Uint8Array | null): boolean {
  if (a === null || b === null) return a === b;
  return Buffer.compare(a, b) === 0;
}
