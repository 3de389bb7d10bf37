/**
 * Retries are dropped exactly and gaps are seen: each gateway instance numbers an agent's activities from 1, in log
 * order. Kept per instance: the highest number and the ranges still missing below it.
 */
import type { ActivityBase } from '#activity/types';
import { LIMITS } from './limits.js';
import type { InstanceWindow, MissingRange } from './state.js';

export interface Tracked {
  instances: InstanceWindow[];
  duplicate: boolean;
  /** Numbers newly found missing. */
  gap: number;
}

/** `sequence` 0 is a proposal or a pending entry: not on the log yet, so nothing to track. */
export function track(instances: InstanceWindow[], activity: ActivityBase, now: number): Tracked {
  const { instance, sequence } = activity;
  if (sequence === 0) return { instances, duplicate: false, gap: 0 };
  const at = instances.findIndex((window) => window.instance === instance);
  const window =
    at < 0 ? { instance, highest: 0, lastAt: now, missing: [] } : (instances[at] as InstanceWindow);
  if (sequence > window.highest) {
    const gap = sequence - window.highest - 1;
    const missing =
      gap === 0
        ? window.missing
        : newest([...window.missing, { from: window.highest + 1, to: sequence - 1 }]);
    const next = { instance, highest: sequence, lastAt: now, missing };
    return { instances: replaced(instances, at, next), duplicate: false, gap };
  }
  const missing = filled(window.missing, sequence);
  if (missing === null) return { instances, duplicate: true, gap: 0 };
  const next = { instance, highest: window.highest, lastAt: now, missing };
  return { instances: replaced(instances, at, next), duplicate: false, gap: 0 };
}

/** The ranges without this number, or null if it was not missing. */
function filled(missing: MissingRange[], sequence: number): MissingRange[] | null {
  const at = missing.findIndex((range) => range.from <= sequence && sequence <= range.to);
  if (at < 0) return null;
  const { from, to } = missing[at] as MissingRange;
  const rest: MissingRange[] = [];
  if (from < sequence) rest.push({ from, to: sequence - 1 });
  if (sequence < to) rest.push({ from: sequence + 1, to });
  return newest(missing.toSpliced(at, 1, ...rest));
}

function newest(missing: MissingRange[]): MissingRange[] {
  return missing.length > LIMITS.missingRanges
    ? missing.slice(missing.length - LIMITS.missingRanges)
    : missing;
}

function replaced(instances: InstanceWindow[], at: number, next: InstanceWindow): InstanceWindow[] {
  const copy = instances.slice();
  if (at >= 0) copy[at] = next;
  else {
    if (copy.length >= LIMITS.instances) copy.splice(leastRecent(copy), 1);
    copy.push(next);
  }
  return copy;
}

function leastRecent(instances: InstanceWindow[]): number {
  let least = 0;
  for (let i = 1; i < instances.length; i++) {
    if ((instances[i] as InstanceWindow).lastAt < (instances[least] as InstanceWindow).lastAt) least = i;
  }
  return least;
}
