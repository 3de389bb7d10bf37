import type { Level } from '#activity/types';
import type { LevelThresholds } from './policy.js';

export const LEVEL_RANK: Record<Level, number> = { normal: 0, elevated: 1, high: 2, critical: 3 };

export function higherLevel(a: Level, b: Level): Level {
  return LEVEL_RANK[a] >= LEVEL_RANK[b] ? a : b;
}

/** The level of this risk, taken by itself. */
export function levelOf(thresholds: LevelThresholds, risk: number): Level {
  if (risk >= thresholds.critical) return 'critical';
  if (risk >= thresholds.high) return 'high';
  return risk >= thresholds.elevated ? 'elevated' : 'normal';
}

/** The next level with hysteresis: up at the threshold, down only `hysteresis` below it. */
export function nextLevel(thresholds: LevelThresholds, level: Level, risk: number): Level {
  const reached = levelOf(thresholds, risk);
  if (LEVEL_RANK[reached] >= LEVEL_RANK[level]) return reached;
  const held = levelOf(thresholds, risk + thresholds.hysteresis);
  return LEVEL_RANK[held] < LEVEL_RANK[level] ? held : level;
}
