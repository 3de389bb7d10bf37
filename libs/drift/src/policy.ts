/** A compiled, validated policy: what `libs/policy` makes of the YAML and what the core judges with. Immutable. */
import type { Effect, Level, Response, Trust } from '#activity/types';
import type { SequenceRule } from './sequences/rule.js';
import type { Exception } from './exceptions.js';
import type { Baseline, Role } from './peers.js';
import type { Thresholds } from './thresholds.js';
import type { Tier } from './tiers.js';

/** What a call does, by one of its arguments: a method of HTTP, the verbs of a statement, a flag. */
export interface EffectBy {
  /** JSON pointer of the argument. */
  pointer: string;
  /** How it is read: as it stands, as a method whatever its case, or as the statements it is. */
  as: 'value' | 'http-method' | 'sql';
  cases: { is: (string | number | boolean)[]; effect: Effect }[];
  /** Where the argument is not given; null = like a value that no case lists, the worst of them all. */
  absent: Effect | null;
}

/** One tool as its operator describes it. `server` and `tool` are globs (`*` only); the most specific entry wins. */
export interface CatalogueEntry {
  server: string;
  tool: string;
  effect: Effect;
  /** Absent = `effect`, whatever the arguments. */
  effectBy?: EffectBy;
  /** Who writes what it returns. */
  trust: Trust;
  dataClasses: string[];
  /** JSON pointer of the argument that is the resource. */
  resource: { pointer: string; secret: boolean } | null;
  /** JSON pointer of the argument that is the destination. */
  destination: { pointer: string } | null;
  facts: { name: string; pointer: string }[];
  /** A honeytoken: touching it is evidence by itself. */
  canary: boolean;
}

export interface Catalogue {
  tools: CatalogueEntry[];
  /** What counts as inside: e-mail and URL domains, account numbers. */
  internalDomains: string[];
  internalAccounts: string[];
  /** Globs over resources that are honeytokens. */
  canaryResources: string[];
}

/** Which calls a gateway asks the authority about before they run. */
export interface Ask {
  effects: Effect[];
  /** Also reads that go to an address or URL in their arguments. */
  readsWithAddress: boolean;
}

export interface DetectorSettings {
  /** Off, or everything but the enforcement. */
  mode: 'enforce' | 'observe' | 'off';
  /** Heaviest a single piece of its evidence can weigh, 0–1. */
  weight: number;
  /** Heaviest all of its evidence together can weigh, 0–1: noise of one kind alone stays below critical. */
  ceiling: number;
  /**
   * How much of a further piece, in log-odds, adds to the heaviest, 0–1: 0 = only the heaviest counts. Absent = 1: each counts
   * in full.
   */
  adds?: number;
  /** The detector that its evidence counts together with, under the ceiling and `adds` of that one. Absent = by itself. */
  family?: string;
  halfLifeMs: number;
  /** Detector's own numbers, validated by `libs/policy`. */
  options: Record<string, number | string | boolean | string[]>;
}

export interface LevelThresholds {
  /** Risk at which the level begins; it ends `hysteresis` below. */
  elevated: number;
  high: number;
  critical: number;
  hysteresis: number;
}

export interface ResponseRule {
  id: string;
  /** Level reached by the task, or by the agent. */
  of: 'task' | 'agent';
  level: Level;
  response: Response;
  /** What a `context-check` or `restrict` takes away; null = all. */
  effects: Effect[] | null;
  /** The evidence must come from at least this many tasks: drift in one task is answered at that task. */
  minTasks: number;
  forMs: number;
  mode: 'enforce' | 'observe';
}

/** What people can say without knowing any threshold: how often honest work may be interrupted. */
export interface Budget {
  /** Null = any. */
  tenant: string | null;
  role: string | null;
  /** Kind of task. */
  kind: string | null;
  /** At most one in so many honest tasks. */
  interruptOneIn: number;
}

/** When a detector or sequence rule fires on so many agents that it says nothing about any of them. */
export interface FloodGuard {
  windowMs: number;
  /** Fewer active agents say nothing. */
  minAgents: number;
  /** Of the active agents, on whom it fired, 0–1. */
  share: number;
  response: 'report' | 'observe';
}

export interface Policy {
  /** SHA-256 of the canonical document, hex: names the policy everywhere. */
  digest: string;
  name: string;
  catalogue: Catalogue;
  /** Kinds of agents, first match first; absent = none are told apart. */
  roles?: Role[];
  /** What is usual in each role; absent = not known. */
  baseline?: Baseline;
  ask: Ask;
  /** Sensitivity of data classes, 0–1. */
  dataClasses: Record<string, number>;
  detectors: Record<string, DetectorSettings>;
  /**
   * Heaviest that all that is only unusual in declared work can weigh together, 0–1: by itself, and beside other evidence.
   * Absent = 1, 1.
   */
  unusual?: { ceiling: number; beside: number };
  levels: LevelThresholds;
  responses: ResponseRule[];
  /** Calibrated levels by tenant, role and kind of task; absent = `levels` hold for all. */
  thresholds?: Thresholds;
  /** What thresholds are calibrated to; they move no verdict by themselves. */
  budgets?: Budget[];
  /** Where enforcement begins, first match first; absent = everywhere. */
  tiers?: Tier[];
  /** Evidence that somebody answers for until a day. */
  exceptions?: Exception[];
  /** Absent in policies compiled before there were any. */
  sequences?: SequenceRule[];
  /** Absent = as `driftline` guards by itself: it only reports. */
  floodGuard?: FloodGuard;
  /** Evidence on tools and servers nobody catalogued is observed, not enforced. */
  uncatalogued: 'observe' | 'enforce';
  /** The next activity after this much idleness starts the agent afresh. */
  idleMs: number;
  /** An implicit task ends after this much idleness in activity time. */
  implicitTaskIdleMs: number;
  /** Half-life of the profile's counts. */
  profileHalfLifeMs: number;
  /** Half-life of what one implicit task passes to the next. */
  exposureHalfLifeMs: number;
  /** How long evidence that was lifted or passed a check is not yielded again. */
  settledMs: number;
  /** Whether the intent's text goes on the log. */
  keepIntent: boolean;
}
