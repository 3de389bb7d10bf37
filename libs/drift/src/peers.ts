/**
 * Peers: what agents of one role usually do, learned from recorded activity and named by the policy (design §2). While
 * an agent is young its own profile is backed off to them.
 */
import type { Assurance, Effect } from '#activity/types';
import { matchesResource } from './glob.js';
import type { Policy } from './policy.js';

/** Agents of one kind. The first role that matches an agent is its role. */
export interface Role {
  name: string;
  /** SPIFFE IDs or their paths: with `*` or `**` a glob, otherwise a prefix of whole segments. */
  match: string[];
  /** Also identities that nobody verified. Whoever claims a name then shares what is usual for its role. */
  asserted: boolean;
}

/** What is counted in a histogram: bucket b holds amounts from 2^b − 1 to 2^(b+1) − 2. */
export const MEASURES = [
  'callsPerTask',
  'changesPerTask',
  'bytesPerCall',
  'bytesPerResult',
  'recordsPerResult',
  'callsPerWindow',
  'argumentBytesPerWindow',
  'resultBytesPerWindow',
  'recordsPerWindow',
  'targetsPerWindow',
] as const;
export type Measure = (typeof MEASURES)[number];

/** Plain counts, without decay, of what agents of one role did. They add up and can be taken apart again. */
export interface PeerCounts {
  tasks: number;
  /** Agents seen, each counted once per part that was merged. */
  agents: number;
  calls: number;
  results: number;
  /** Tasks that used the tool (`server/tool`), server, resource area or effect, or touched the data class. */
  tools: Record<string, number>;
  servers: Record<string, number>;
  areas: Record<string, number>;
  effects: Record<string, number>;
  classes: Record<string, number>;
  /** Calls by effect after effect, as in the profile. */
  transitions: Record<string, number>;
  measures: Record<Measure, number[]>;
}

/** Peers of every role: an artifact of its own, carried inside the policy that names it. */
export interface Baseline {
  /** SHA-256 of its canonical form, hex. */
  digest: string;
  roles: Record<string, PeerCounts>;
}

/** One role's counts, ready to be asked with every call. */
export class Peers {
  private readonly tools: ReadonlyMap<string, number>;
  private readonly servers: ReadonlyMap<string, number>;
  private readonly areas: ReadonlyMap<string, number>;
  private readonly classes: ReadonlyMap<string, number>;
  private readonly effects: ReadonlyMap<string, number>;

  constructor(
    readonly role: string,
    readonly counts: PeerCounts,
  ) {
    const { tools, servers, areas, classes, effects } = counts;
    this.tools = new Map(Object.entries(tools));
    this.servers = new Map(Object.entries(servers));
    this.areas = new Map(Object.entries(areas));
    this.classes = new Map(Object.entries(classes));
    this.effects = new Map(Object.entries(effects));
  }

  get tasks(): number {
    return this.counts.tasks;
  }

  /** Tasks of peers that used it. */
  tasksWithTool(name: string): number {
    return this.tools.get(name) ?? 0;
  }

  tasksWithServer(name: string): number {
    return this.servers.get(name) ?? 0;
  }

  tasksWithArea(name: string): number {
    return this.areas.get(name) ?? 0;
  }

  /**
   * Share of tasks that touch the class: once a task does, it may touch it with every call, so that shares of calls would
   * make ordinary work look rare. One imagined task at rate `prior` keeps it off 0.
   */
  classRate(name: string, prior: number): number {
    return ((this.classes.get(name) ?? 0) + prior) / (this.tasks + 1);
  }

  /** Share of tasks with the effect, likewise. */
  effectRate(effect: Effect, prior: number): number {
    return ((this.effects.get(effect) ?? 0) + prior) / (this.tasks + 1);
  }

  /** Upper end of the bucket that holds the quantile; 0 = nothing was measured. */
  quantile(measure: Measure, share: number): number {
    const buckets = this.counts.measures[measure];
    const wanted = share * buckets.reduce((sum, count) => sum + count, 0);
    let sum = 0;
    for (let b = 0; b < buckets.length; b++) {
      sum += buckets[b] as number;
      if (sum > 0 && sum >= wanted) return 2 ** (b + 1) - 2;
    }
    return 0;
  }
}

/** Beyond this many agents the memory of their roles starts afresh; it only saves matching. */
const REMEMBERED_AGENTS = 16_384;

interface Known {
  verified: Map<string, string | null>;
  asserted: Map<string, string | null>;
  peers: Map<string, Peers>;
}
/** Policies never change, so that what follows from one is worked out once. */
const known = new WeakMap<Policy, Known>();

/** Whose role is asked for. */
export interface Who {
  agent: string;
  assurance: Assurance;
}

/** Name of the agent's role by this policy; null = none. */
export function roleOf(policy: Policy, who: Who): string | null {
  if (policy.roles === undefined || policy.roles.length === 0) return null;
  const byAgent = knownOf(policy)[who.assurance];
  let role = byAgent.get(who.agent);
  if (role === undefined) {
    role = policy.roles.find((one) => isIn(one, who))?.name ?? null;
    if (byAgent.size >= REMEMBERED_AGENTS) byAgent.clear();
    byAgent.set(who.agent, role);
  }
  return role;
}

/** What is usual among the agent's peers; null = it has no role, or nothing is known of its role. */
export function peersOf(policy: Policy, who: Who): Peers | null {
  if (policy.baseline === undefined) return null;
  const role = roleOf(policy, who);
  return role === null ? null : (knownOf(policy).peers.get(role) ?? null);
}

function knownOf(policy: Policy): Known {
  let found = known.get(policy);
  if (found === undefined) {
    const roles = Object.entries(policy.baseline?.roles ?? {});
    const peers = new Map(roles.map(([role, counts]) => [role, new Peers(role, counts)]));
    known.set(policy, (found = { verified: new Map(), asserted: new Map(), peers }));
  }
  return found;
}

const SCHEME = 'spiffe://';

function isIn(role: Role, { agent, assurance }: Who): boolean {
  if (assurance === 'asserted' && !role.asserted) return false;
  const slash = agent.startsWith(SCHEME) ? agent.indexOf('/', SCHEME.length) : -1;
  const path = slash < 0 ? null : agent.slice(slash);
  return role.match.some((match) => covers(match, agent) || (path !== null && covers(match, path)));
}

function covers(match: string, id: string): boolean {
  if (match.includes('*')) return matchesResource(match, id);
  return id === match || id.startsWith(match.endsWith('/') ? match : `${match}/`);
}
