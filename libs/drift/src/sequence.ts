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
export function track(instances: InstanceWindow[], activity: ActivityBase): Tracked {
  const { instance, sequence } = activity;
  if (sequence === 0) return { instances, duplicate: false, gap: 0 };
  const at = indexOf(instances, instance);
  const window = at < 0 ? { instance, highest: 0, missing: NONE } : (instances[at] as InstanceWindow);
  const gap = sequence - window.highest - 1;
  if (gap >= 0) {
    const { highest } = window;
    const missing =
      gap === 0 ? window.missing : newest([...window.missing, { from: highest + 1, to: sequence - 1 }]);
    return {
      instances: latest(instances, at, { instance, highest: sequence, missing }),
      duplicate: false,
      gap,
    };
  }
  const missing = filled(window.missing, sequence);
  if (missing === null) return { instances, duplicate: true, gap: 0 };
  const next = { instance, highest: window.highest, missing };
  return { instances: latest(instances, at, next), duplicate: false, gap: 0 };
}
const NONE: MissingRange[] = [];

function indexOf(instances: InstanceWindow[], instance: string): number {
  for (let i = instances.length - 1; i >= 0; i--) {
    if ((instances[i] as InstanceWindow).instance === instance) return i;
  }
  return -1;
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

/** With this window as the latest; beyond the limit the least recent one goes. */
function latest(instances: InstanceWindow[], at: number, next: InstanceWindow): InstanceWindow[] {
  if (instances.length <= 1 && at >= 0) return [next];
  const others =
    at < 0 ? instances.slice(instances.length >= LIMITS.instances ? 1 : 0) : instances.toSpliced(at, 1);
  others.push(next);
  return others;
}
