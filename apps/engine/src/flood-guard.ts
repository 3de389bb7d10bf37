/**
 * The role that notices what fires on everyone. It spans agents and partitions, so it is no part of the core: what it
 * changes, it changes by activating a policy, and replay follows that like any other.
 */
import { LEVELS } from '#activity/types';
import type { FloodGuard as Settings, Policy } from '#drift';
import { decodePolicy, encodePolicy, PolicyOvertaken } from '#policy';
import { raise } from './alarms.js';
import { FloodTally, TALLY_KEY, together, type Sample, type Samples } from './flood-tally.js';
import type { Parts } from './parts.js';
import { countFailure } from './patience.js';

/** `by` of what it activates. */
export const BY_FLOOD_GUARD = 'flood-guard';
/** Where a policy says nothing: it is reported, and nothing else happens. */
export const DEFAULT_GUARD: Settings = { windowMs: 3_600_000, minAgents: 20, share: 0.3, response: 'report' };
/** Names are cut so that derived policies of derived policies stay readable. */
const NAME_MAX = 64;

export interface Flood {
  /** Detector, or `sequence/<rule>`. */
  cause: string;
  agents: number;
  active: number;
  share: number;
  /** Seen on verified agents: made-up names alone move no policy. */
  proved: boolean;
}

/** What fired on at least that share of the agents that acted. Where verified agents are enough, only they count. */
export function floodsOf({ verified, asserted }: Samples, { minAgents, share }: Settings): Flood[] {
  const proved = verified.agents.size >= minAgents;
  const sample = proved ? verified : asserted;
  if (sample.agents.size < minAgents) return [];
  return sharesOf(sample)
    .map((one) => ({ ...one, proved }))
    .filter((one) => one.share >= share);
}

function sharesOf({ agents }: Sample): Omit<Flood, 'proved'>[] {
  const counts = new Map<string, number>();
  for (const fired of agents.values()) {
    for (const cause of fired) counts.set(cause, (counts.get(cause) ?? 0) + 1);
  }
  const active = agents.size;
  return [...counts].map(([cause, count]) => ({ cause, agents: count, active, share: count / active }));
}

/** The same policy with these only observing; null when none of them enforces. */
export function withoutEnforcement(policy: Policy, causes: string[]): Policy | null {
  const enforcing = causes.filter((cause) => enforces(policy, cause));
  if (enforcing.length === 0) return null;
  const observe = { mode: 'observe' as const };
  const isNamed = (name: string) => enforcing.includes(name);
  const detectors = Object.entries(policy.detectors).map(([name, settings]) => {
    return [name, isNamed(name) ? { ...settings, ...observe } : settings] as const;
  });
  const derived: Policy = {
    ...policy,
    name: `${policy.name.slice(0, NAME_MAX)}, ${enforcing.join(' and ')} observed`.slice(0, 2 * NAME_MAX),
    detectors: Object.fromEntries(detectors),
  };
  if (policy.sequences) {
    derived.sequences = policy.sequences.map((rule) =>
      isNamed(`sequence/${rule.id}`) ? { ...rule, ...observe } : rule,
    );
  }
  return decodePolicy(encodePolicy(derived));
}

/**
 * What no number of agents makes ordinary: whoever gets many to touch a honeytoken, or to work on tasks that are over,
 * must not switch that off for all.
 */
const NEVER_SILENCED: ReadonlySet<string> = new Set(['canary', 'afterlife']);

function enforces({ detectors, sequences }: Policy, cause: string): boolean {
  if (NEVER_SILENCED.has(cause)) return false;
  const rule = sequences?.find(({ id }) => cause === `sequence/${id}`);
  return rule ? rule.mode === 'enforce' : detectors[cause]?.mode === 'enforce';
}

export class FloodGuard {
  /** What was told of, by the policy that did it. */
  private told = new Set<string>();
  private toldWindow = 0;

  constructor(
    private readonly parts: Parts,
    /** One engine has this role: the one that follows containment. */
    private readonly isOwn: () => boolean,
  ) {}

  /** On a timer. */
  async look(nowMs = Date.now()): Promise<void> {
    this.parts.metrics.floodShare.reset();
    if (!this.isOwn()) return;
    try {
      const { policy } = this.parts.policies;
      const settings = policy.floodGuard ?? DEFAULT_GUARD;
      const window = FloodTally.windowOf(nowMs, settings.windowMs);
      const found = floodsOf(together(await this.tallies(), window - settings.windowMs), settings);
      for (const { cause, share } of found) this.parts.metrics.floodShare.set({ cause }, share);
      await this.answer(policy, settings, found, window);
    } catch (error) {
      countFailure(this.parts, error);
      this.parts.logger.warn({ error }, 'what fires on everyone could not be looked at');
    }
  }

  private async tallies(): Promise<FloodTally[]> {
    const { partitions, store } = this.parts;
    const all = Array.from({ length: partitions }, async (_, partition) => {
      const [bytes] = await store.load(`activity/${partition}`, [TALLY_KEY]);
      return FloodTally.decode(bytes ?? null);
    });
    return Promise.all(all);
  }

  private async answer(policy: Policy, settings: Settings, found: Flood[], window: number): Promise<void> {
    if (window !== this.toldWindow) [this.told, this.toldWindow] = [new Set(), window];
    const enforcing = found.filter(({ cause }) => enforces(policy, cause));
    const fresh = enforcing.filter(({ cause }) => !this.told.has(cause));
    for (const flood of fresh) {
      this.told.add(flood.cause);
      this.parts.metrics.floods.inc({ cause: flood.cause });
      await this.report(policy, settings, flood, window);
    }
    const stopping = settings.response === 'observe' ? enforcing.filter(({ proved }) => proved) : [];
    if (stopping.length > 0) await this.stopEnforcing(policy, settings, stopping);
  }

  private report(policy: Policy, settings: Settings, flood: Flood, window: number): Promise<void> {
    const stops = settings.response === 'observe' && flood.proved;
    return raise(this.parts, {
      // The same for whichever engine looks, and however often.
      cause: ['rule-flood', flood.cause, policy.digest, String(window)],
      level: LEVELS[2],
      title: `${flood.cause} fires on ${percent(flood.share)} of the agents`,
      explanation:
        `${told(flood, settings)}: that says something about the policy, or about all of them, and little about any one. ` +
        (stops
          ? 'It only observes from now on, as the policy says; driftline policy active shows what judges.'
          : 'It goes on enforcing. Look at what it fires on; let it observe in the policy if it is mistaken.'),
      at: window,
    });
  }

  private async stopEnforcing(policy: Policy, settings: Settings, floods: Flood[]): Promise<void> {
    const derived = withoutEnforcement(
      policy,
      floods.map(({ cause }) => cause),
    );
    if (derived === null) return;
    const reason = floods.map((flood) => told(flood, settings)).join('; ');
    try {
      await this.parts.policies.activate(derived, BY_FLOOD_GUARD, reason.slice(0, 2_000));
    } catch (error) {
      if (!(error instanceof PolicyOvertaken)) throw error;
      this.parts.logger.info({ error: error.message }, 'the flood guard activated nothing');
    }
  }
}

function told({ cause, agents, active, share, proved }: Flood, { windowMs }: Settings): string {
  const who = proved ? 'verified agents' : 'agents (asserted)';
  return `${cause} fired on ${agents} of ${active} ${who} (${percent(share)}) within ${Math.round(windowMs / 60_000)} minutes`;
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
