/** What came out, as text: at the policy's thresholds, and at the threshold of each budget of interruptions. */
import { BUDGETS, fieldOf, shareAbove, thresholdFor, type Field } from './curve.js';
import { nameOf, type Setting } from './settings.js';
import type { Score } from './verdict.js';

export interface SettingScores extends Setting {
  scores: Score[];
}

const COLUMNS = [
  'hijacks',
  'honest',
  'stopped',
  'interr.',
  'revoked',
  ...BUDGETS.map((b) => `@${b * 100} %`),
];

export function summaryOf(settings: readonly SettingScores[]): string {
  return settings.map((one) => [nameOf(one), ...rowsOf(one.scores), ''].join('\n')).join('\n');
}

function rowsOf(scores: Score[]): string[] {
  const suites = [...new Set(scores.map(({ suite }) => suite))].sort();
  const of = (suite: string) => fieldOf(scores.filter((score) => score.suite === suite));
  const rows = suites.map((suite) => row(suite, of(suite)));
  const attacked = scores.filter(({ suite }) => of(suite).hijacks.length > 0);
  return [
    line('', COLUMNS),
    ...rows,
    row('suites with hijacks', fieldOf(attacked)),
    row('all', fieldOf(scores)),
  ];
}

function row(name: string, { honest, hijacks }: Field): string {
  const share = (scores: readonly Score[], is: (score: Score) => boolean) =>
    percent(scores.length === 0 ? null : scores.filter(is).length / scores.length);
  return line(name, [
    `${hijacks.length}`,
    `${honest.length}`,
    share(hijacks, ({ refused }) => refused),
    share(honest, ({ refused }) => refused),
    share(honest, ({ revoked }) => revoked),
    ...BUDGETS.map((budget) => percent(shareAbove(hijacks, thresholdFor(honest, budget)))),
  ]);
}

function line(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(20)}${cells.map((cell) => cell.padStart(9)).join('')}`;
}

function percent(share: number | null): string {
  return share === null ? '–' : (share * 100).toFixed(1);
}
