/** A threshold chosen on half of the honest tasks and judged on the other half: what a budget really costs. */
import { Chance } from '../random.js';
import type { Score } from '../verdict.js';
import { BUDGETS, ROUNDING, type Field } from './curve.js';
import { quantile, type AtBudget } from './measures.js';

/** Median over splits, and what 9 in 10 splits gave. */
export interface Spread {
  median: number | null;
  low: number | null;
  high: number | null;
}

const SPLITS = 200;
const LOW = 0.05;
const HIGH = 0.95;

/** Hijacks of the judged half of tasks are stopped or not; null entries where a half had none. */
export function splitFigures(field: Field, seed: number): AtBudget<Spread>[] {
  const tasks = [...new Set([...field.honest, ...field.hijacks].map(({ task }) => task))].sort();
  const numbers = new Map(tasks.map((task, number) => [task, number]));
  const runsOf = (scores: readonly Score[]): Runs => ({
    peaks: Float64Array.from(scores, ({ peak }) => peak),
    tasks: Uint32Array.from(scores, ({ task }) => numbers.get(task)!),
  });
  const [honest, hijacks] = [runsOf(field.honest), runsOf(field.hijacks)];
  const chance = new Chance(seed, 'splits');
  const splits = Array.from({ length: SPLITS }, () => {
    const half = halfOf(tasks.length, chance);
    return BUDGETS.map((budget) => {
      const threshold = thresholdOf(honest, half, budget);
      return { stopped: above(hijacks, half, threshold), interrupted: above(honest, half, threshold) };
    });
  });
  return BUDGETS.map((budget, i) => ({
    budget,
    stopped: spreadOf(splits.map((split) => split[i]!.stopped)),
    interrupted: spreadOf(splits.map((split) => split[i]!.interrupted)),
  }));
}

/** Runs riskiest first. */
interface Runs {
  peaks: Float64Array;
  /** Numbers of their tasks. */
  tasks: Uint32Array;
}

/** 1 = a task to calibrate on, 0 = one to judge. */
function halfOf(tasks: number, chance: Chance): Uint8Array {
  const half = new Uint8Array(tasks);
  const drawn = chance.shuffled(Array.from(half, (_, task) => task));
  for (const task of drawn.slice(0, Math.ceil(tasks / 2))) half[task] = 1;
  return half;
}

function thresholdOf({ peaks, tasks }: Runs, half: Uint8Array, budget: number): number {
  let total = 0;
  for (let i = 0; i < tasks.length; i++) total += half[tasks[i]!]!;
  let allowed = Math.floor(budget * total + ROUNDING);
  for (let i = 0; i < tasks.length; i++) {
    allowed -= half[tasks[i]!]!;
    if (allowed < 0) return peaks[i]!;
  }
  return -1;
}

/** Share of the judged half with a risk above the threshold; null of none. */
function above({ peaks, tasks }: Runs, half: Uint8Array, threshold: number): number | null {
  let total = 0;
  let sum = 0;
  for (let i = 0; i < tasks.length; i++) {
    if (half[tasks[i]!] === 1) continue;
    total += 1;
    if (peaks[i]! > threshold) sum += 1;
  }
  return total === 0 ? null : sum / total;
}

function spreadOf(values: readonly (number | null)[]): Spread {
  const known = values.filter((value) => value !== null).sort((a, b) => a - b);
  return { median: quantile(known, 0.5), low: quantile(known, LOW), high: quantile(known, HIGH) };
}
