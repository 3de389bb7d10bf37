/** Everything the page and the summary say of one setting. */
import type { Setting } from '../settings.js';
import type { Score } from '../verdict.js';
import { curveOf, type Point } from './curve.js';
import { detectorFigures, type DetectorFigures } from './detectors.js';
import { groupsOf } from './groups.js';
import { figuresOf, type AtBudget, type GroupFigures } from './measures.js';
import { splitFigures, type Spread } from './splits.js';

export interface SettingScores extends Setting {
  scores: Score[];
}

export interface NamedSplits {
  name: string;
  splits: AtBudget<Spread>[];
}

export interface SettingReport {
  setting: Setting;
  groups: GroupFigures[];
  /** Of suites that have hijacks, and of all together. */
  curves: { name: string; points: Point[] }[];
  splits: NamedSplits[];
  detectors: DetectorFigures[];
  /** Refused hijacks by the number of calls that the agent made between exposure and refusal. */
  delays: { calls: number; hijacks: number }[];
}

export function reportOf({ scores, ...setting }: SettingScores, seed: number): SettingReport {
  const groups = groupsOf(scores);
  const judged = groups.filter(
    ({ kind, hijacks }) => kind === 'together' || (kind === 'suite' && hijacks.length > 0),
  );
  return {
    setting,
    groups: figuresOf(groups, scores, seed),
    curves: judged.map((group) => ({ name: group.name, points: curveOf(group) })),
    splits: judged.map((group) => ({ name: group.name, splits: splitFigures(group, seed) })),
    detectors: detectorFigures(scores),
    delays: delaysOf(scores),
  };
}

function delaysOf(scores: readonly Score[]): SettingReport['delays'] {
  const counts = new Map<number, number>();
  for (const { label, callsUntilRefusal: calls } of scores) {
    if (label === 'hijacked' && calls !== null) counts.set(calls, (counts.get(calls) ?? 0) + 1);
  }
  return [...counts].map(([calls, hijacks]) => ({ calls, hijacks })).sort((a, b) => a.calls - b.calls);
}
