/** Everything the page and the summary say of one setting. */
import type { Setting } from '../settings.js';
import type { Score } from '../verdict.js';
import { BUDGETS, curveOf, shareAbove, thresholdsFor, type Point } from './curve.js';
import { detectorFigures, type DetectorFigures } from './detectors.js';
import { groupsOf, POOLED, type Group } from './groups.js';
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
  /** Pooled hijacks stopped at the thresholds of the plain form: honest work does not adapt. Null for the plain form. */
  atPlain: (number | null)[] | null;
  /** Of suites that have hijacks, and of all together. */
  curves: { name: string; points: Point[] }[];
  splits: NamedSplits[];
  detectors: DetectorFigures[];
  /** Refused hijacks by the number of calls that the agent made between exposure and refusal. */
  delays: { calls: number; hijacks: number }[];
}

export function reportsOf(settings: readonly SettingScores[], seed: number): SettingReport[] {
  return settings.map((one) => {
    const { form, grant, mode } = one;
    const plain = settings.find(
      (other) => other.form === 'plain' && other.grant === grant && other.mode === mode,
    );
    return reportOf(one, form === 'plain' || plain === undefined ? null : plain.scores, seed);
  });
}

function reportOf({ scores, ...setting }: SettingScores, plain: Score[] | null, seed: number): SettingReport {
  const groups = groupsOf(scores);
  const judged = groups.filter(
    ({ kind, hijacks }) => kind === 'together' || (kind === 'suite' && hijacks.length > 0),
  );
  return {
    setting,
    groups: figuresOf(groups, scores, seed),
    atPlain: plain === null ? null : stoppedAtPlain(groups, plain),
    curves: judged.map((group) => ({ name: group.name, points: curveOf(group) })),
    splits: judged.map((group) => ({ name: group.name, splits: splitFigures(group, seed) })),
    detectors: detectorFigures(scores),
    delays: delaysOf(scores),
  };
}

function stoppedAtPlain(groups: readonly Group[], plain: Score[]): (number | null)[] {
  const pooled = (some: readonly Group[]) => some.find(({ name }) => name === POOLED)!;
  const thresholds = thresholdsFor(pooled(groupsOf(plain)).honest, BUDGETS);
  return thresholds.map((threshold) => shareAbove(pooled(groups).hijacks, threshold));
}

function delaysOf(scores: readonly Score[]): SettingReport['delays'] {
  const counts = new Map<number, number>();
  for (const { label, callsUntilRefusal: calls } of scores) {
    if (label === 'hijacked' && calls !== null) counts.set(calls, (counts.get(calls) ?? 0) + 1);
  }
  return [...counts].map(([calls, hijacks]) => ({ calls, hijacks })).sort((a, b) => a.calls - b.calls);
}
