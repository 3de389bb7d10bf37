/** From a budget of interruptions to thresholds: pure, from the risks that honest tasks reached. */
import type { Budget, LevelThresholds } from '#drift';
import { hitsWithin, countFor, upperBound } from './binomial.js';
import { ENTRIES_MAX, type ThresholdEntry } from './document.js';

/** One recorded task, judged. */
export interface JudgedTask {
  tenant: string;
  role: string | null;
  kind: string | null;
  /** The highest that its risk was at any call or result, unrounded. */
  risk: number;
}

/** A budget, or a part of what it covers, that no threshold was found for. */
export interface Unkept {
  tenant: string | null;
  role: string | null;
  kind: string | null;
  interruptOneIn: number;
  tasks: number;
  /** So many honest tasks it takes. */
  needed: number;
  why: 'few-tasks' | 'no-threshold' | 'too-many-groups';
}

export interface Calibration {
  entries: ThresholdEntry[];
  unkept: Unkept[];
}

/** Thresholds are kept to hundredths. */
const GRAIN = 100;
/** Lighter than any reason to interrupt somebody, however quiet the history was. */
const LOWEST_HIGH = 20;
/** Above it a threshold stops nothing: no evidence adds up to more. */
const HIGHEST_HIGH = 99.9;

/**
 * The lowest threshold that at most one in `oneIn` of these risks reaches (≥). With `confidence` it is one of which that
 * can be said of all such risks, not only of these; 100 when there is none. A risk "reaches" by `>=`, as levels do.
 */
export function thresholdFor(risks: readonly number[], oneIn: number, confidence?: number): number {
  const may =
    confidence === undefined
      ? Math.floor(risks.length / oneIn)
      : hitsWithin(1 / oneIn, risks.length, confidence);
  const highest = risks.toSorted((a, b) => b - a)[may];
  if (may < 0 || highest === undefined) return 100;
  const next = Math.floor(highest * GRAIN) + 1;
  // A product may fall a hair short of its grain, and the next one be the risk itself.
  return Math.min(100, (next / GRAIN > highest ? next : next + 1) / GRAIN);
}

/**
 * Levels for every tenant, role and kind of task, and their combinations, that has enough honest tasks for its budget.
 * A lookup goes from the most specific to the general, so that what is too rare is judged with its own kind.
 */
export function calibrate(
  tasks: readonly JudgedTask[],
  budgets: readonly Budget[],
  levels: LevelThresholds,
  confidence: number,
): Calibration {
  const unkept: Unkept[] = [];
  const entries = [...groupsOf(tasks).values()].flatMap((group) => {
    const budget = budgetOf(group, budgets);
    if (budget === null) return [];
    const found = entryFor(group, budget.interruptOneIn, levels, confidence);
    if ('levels' in found) return [found];
    // What only a finer division lacks is kept by a coarser one.
    if (isWholeBudget(group, budget)) unkept.push(found);
    return [];
  });
  for (const budget of budgets) {
    if (!tasks.some((task) => isIn(task, budget)))
      unkept.push(fewTasks(budget, budget.interruptOneIn, 0, confidence));
  }
  const kept = entries.toSorted((a, b) => b.tasks - a.tasks).slice(0, ENTRIES_MAX);
  for (const { tenant, role, kind, interruptOneIn, tasks: count } of entries.filter(
    (one) => !kept.includes(one),
  )) {
    const needed = countFor(1 / interruptOneIn, confidence);
    unkept.push({ tenant, role, kind, interruptOneIn, tasks: count, needed, why: 'too-many-groups' });
  }
  return { entries: kept.toSorted(byWhose), unkept };
}

interface Whose {
  tenant: string | null;
  role: string | null;
  kind: string | null;
}
interface Group extends Whose {
  risks: number[];
}

/** Every combination that some task belongs to; what a task has none of (role, kind) is only counted under any. */
function groupsOf(tasks: readonly JudgedTask[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const { tenant, role, kind, risk } of tasks) {
    for (const ofTenant of [tenant, null]) {
      for (const ofRole of role === null ? [null] : [role, null]) {
        for (const ofKind of kind === null ? [null] : [kind, null]) {
          const key = JSON.stringify([ofTenant, ofRole, ofKind]);
          const group = groups.get(key) ?? { tenant: ofTenant, role: ofRole, kind: ofKind, risks: [] };
          group.risks.push(risk);
          groups.set(key, group);
        }
      }
    }
  }
  return groups;
}

/** The budget that says most about all of a group; null when none covers it. */
function budgetOf(group: Whose, budgets: readonly Budget[]): Budget | null {
  return budgets
    .filter((budget) => isIn(group, budget))
    .reduce<Budget | null>(
      (most, one) => (most === null || saysMore(one) > saysMore(most) ? one : most),
      null,
    );
}

function isIn(who: Whose, budget: Whose): boolean {
  return (
    (budget.tenant === null || budget.tenant === who.tenant) &&
    (budget.role === null || budget.role === who.role) &&
    (budget.kind === null || budget.kind === who.kind)
  );
}

function isWholeBudget(group: Whose, budget: Whose): boolean {
  return group.tenant === budget.tenant && group.role === budget.role && group.kind === budget.kind;
}

function saysMore({ tenant, role, kind }: Whose): number {
  return (tenant === null ? 0 : 4) + (role === null ? 0 : 2) + (kind === null ? 0 : 1);
}

function entryFor(
  { risks, ...whose }: Group,
  interruptOneIn: number,
  base: LevelThresholds,
  confidence: number,
): ThresholdEntry | Unkept {
  const tasks = risks.length;
  if (hitsWithin(1 / interruptOneIn, tasks, confidence) < 0)
    return fewTasks(whose, interruptOneIn, tasks, confidence);
  const found = thresholdFor(risks, interruptOneIn, confidence);
  if (found > HIGHEST_HIGH)
    return { ...fewTasks(whose, interruptOneIn, tasks, confidence), why: 'no-threshold' };
  const levels = levelsAround(Math.max(found, LOWEST_HIGH), base);
  const interrupted = risks.filter((risk) => risk >= levels.high).length;
  const atMost = upperBound(interrupted, tasks, confidence);
  return { ...named(whose), levels, interruptOneIn, tasks, interrupted, atMost };
}

function fewTasks(whose: Whose, interruptOneIn: number, tasks: number, confidence: number): Unkept {
  const needed = countFor(1 / interruptOneIn, confidence);
  return { ...named(whose), interruptOneIn, tasks, needed, why: 'few-tasks' };
}

function named({ tenant, role, kind }: Whose): Whose {
  return { tenant, role, kind };
}

/**
 * The other levels at a sensible distance. Distances are in log-odds-like steps (−ln(1 − risk)), in which evidence adds
 * up. Alerts begin earlier when `high` does, never later; `critical` moves up with `high`, never down: what revokes asks
 * for as much as before.
 */
export function levelsAround(high: number, base: LevelThresholds): LevelThresholds {
  const steps = (risk: number) => -Math.log(1 - risk / 100);
  const risk = (sum: number) => 100 * (1 - Math.exp(-sum));
  const elevated = Math.min(base.elevated, risk((steps(high) * steps(base.elevated)) / steps(base.high)));
  const above = steps(Math.min(base.critical, HIGHEST_HIGH)) - steps(Math.min(base.high, HIGHEST_HIGH));
  const critical = Math.min(99.99, Math.max(base.critical, risk(steps(high) + above)));
  return {
    elevated: rounded(elevated),
    high,
    critical: rounded(critical),
    hysteresis: rounded(Math.min(base.hysteresis, elevated / 3)),
  };
}

function rounded(value: number): number {
  return Math.round(value * GRAIN) / GRAIN;
}

function byWhose(a: Whose, b: Whose): number {
  const [x, y] = [a, b].map(({ tenant, role, kind }) => JSON.stringify([tenant, role, kind]));
  return (x as string) < (y as string) ? -1 : 1;
}
