/** What came out, as text: at the policy's thresholds, and at the threshold of each budget of interruptions. */
import { nameOf } from '../settings.js';
import { BUDGETS } from './curve.js';
import type { Estimate, GroupFigures } from './measures.js';
import type { SettingReport } from './report.js';

const COLUMNS = [
  'hijacks',
  'honest',
  'stopped',
  'interr.',
  'revoked',
  ...BUDGETS.map((b) => `@${b * 100} %`),
];

export function summaryOf(reports: readonly SettingReport[]): string {
  return reports
    .map((one) => [nameOf(one.setting), line('', COLUMNS), ...rowsOf(one), ''].join('\n'))
    .join('\n');
}

/** Suites with hijacks, then all together; of other forms than the plain one also what its thresholds stop. */
function rowsOf({ groups, atPlain }: SettingReport): string[] {
  const suites = groups.filter(({ group }) => group.kind === 'suite' && group.hijacks.length > 0);
  const together = groups.filter(({ group }) => group.kind === 'together');
  const rows = [...suites, ...together].map(row);
  if (atPlain === null) return rows;
  const blank = ['', '', '', '', ''];
  return [...rows, line('at plain thr.', [...blank, ...atPlain.map((value) => percent({ value }))])];
}

function row({ group, stopped, interrupted, revoked, at }: GroupFigures): string {
  return line(group.name, [
    `${group.hijacks.length}`,
    `${group.honest.length}`,
    ...[stopped, interrupted, revoked, ...at.map((one) => one.stopped)].map(percent),
  ]);
}

function line(name: string, cells: readonly string[]): string {
  return `  ${name.padEnd(16)}${cells.map((cell) => cell.padStart(9)).join('')}`;
}

function percent({ value }: Pick<Estimate, 'value'>): string {
  return value === null ? '–' : (value * 100).toFixed(1);
}
