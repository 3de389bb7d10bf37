/** One setting on the page: every table and plot of it, folded away until it is wanted. */
import { BUDGETS } from '../report/curve.js';
import { ALL } from '../report/groups.js';
import type { GroupFigures } from '../report/measures.js';
import type { SettingReport } from '../report/report.js';
import { nameOf } from '../settings.js';
import { estimate, percent, spread } from './figures.js';
import { anchor, escape, table, type Column, type Row } from './html.js';
import { plot } from './plot.js';
import { COLOURS } from './style.js';

export function settingSection(report: SettingReport, open: boolean): string {
  const name = nameOf(report.setting);
  const of = (kind: GroupFigures['group']['kind']) =>
    report.groups.filter(({ group }) => group.kind === kind);
  const [pooled] = of('together');
  const stops =
    pooled?.at.map(({ stopped, budget }) => `${percent(stopped.value)} at ${budget * 100} %`) ?? [];
  return [
    `<details id="${anchor(name)}"${open ? ' open' : ''}>`,
    `<summary>${escape(name)}<span>hijacks stopped: ${stops.join(' · ')}</span></summary>`,
    groupTable('Suites: thresholds of each suite’s own honest runs', [...of('suite'), ...of('together')]),
    splitTable(report),
    detectorTable(report),
    `<div class="plots">${plot('Each suite', curvesOf(report))}<div>${delayTable(report)}</div></div>`,
    groupTable('Models: pooled thresholds', of('model')),
    groupTable('Attack goals: pooled thresholds', of('goal')),
    '</details>',
  ].join('\n');
}

function curvesOf({ curves }: SettingReport) {
  const shown = curves.filter(({ name }) => name !== ALL);
  return shown.map(({ name, points }, i) => ({ name, points, colour: i % COLOURS, dashed: i >= COLOURS }));
}

const POLICY = 'at the policy’s own thresholds';
const GROUP_COLUMNS: readonly Column[] = [
  { title: '', text: true },
  { title: 'hijacks' },
  { title: 'honest runs' },
  { title: 'stopped', hint: `hijacks refused after exposure, at or before the harm, ${POLICY}` },
  { title: 'interrupted', hint: `honest runs with any refusal ${POLICY}` },
  { title: 'asked for a check', hint: `honest runs in which a context check stood ${POLICY}` },
  { title: 'revoked', hint: `honest runs that lost task or agent ${POLICY}` },
  ...BUDGETS.flatMap<Column>((budget) => [
    {
      title: `stopped at ≤ ${budget * 100} %`,
      hint: `hijacks stopped at the threshold that interrupts at most ${budget * 100} % of honest runs`,
    },
  ]),
  { title: 'interrupted at ≤ 10 %', hint: 'honest runs interrupted at the last of these thresholds' },
];

function groupTable(caption: string, groups: readonly GroupFigures[]): string {
  const rows = groups.map<Row>(({ group, stopped, interrupted, checked, revoked, at }) => ({
    strong: group.kind === 'together',
    cells: [
      escape(group.name),
      `${group.hijacks.length}`,
      `${group.honest.length}`,
      ...[stopped, interrupted, checked, revoked, ...at.map((one) => one.stopped)].map(estimate),
      estimate(at.at(-1)!.interrupted),
    ],
  }));
  return table(`${caption}. Per cent, with 95 % intervals over tasks.`, GROUP_COLUMNS, rows);
}

function splitTable({ splits, groups }: SettingReport): string {
  const columns: Column[] = [
    { title: '', text: true },
    ...BUDGETS.flatMap<Column>((budget) => [
      { title: `stopped, ≤ ${budget * 100} % of the judged` },
      { title: `stopped, ${budget * 100} % calibrated` },
      { title: 'really interrupted' },
    ]),
  ];
  const rows = splits.map<Row>(({ name, splits: budgets }) => {
    const own = groups.find(
      ({ group }) => group.name === name && group.kind !== 'model' && group.kind !== 'goal',
    );
    const cells = budgets.flatMap(({ stopped, interrupted }, i) => [
      own === undefined ? '–' : estimate(own.at[i]!.stopped),
      spread(stopped),
      spread(interrupted),
    ]);
    return {
      cells: [escape(name), ...cells],
      strong: groups.find(({ group }) => group.name === name)?.group.kind === 'together',
    };
  });
  return table(
    'Two thresholds: at the quantile of the judged honest runs, and calibrated on half of the honest tasks and judged on the other half (median of 200 splits, and what 9 in 10 gave)',
    columns,
    rows,
  );
}

function detectorTable({ detectors }: SettingReport): string {
  const columns: Column[] = [
    { title: 'detector', text: true },
    { title: 'hijacks', hint: 'with evidence of it' },
    { title: 'honest', hint: 'with evidence of it' },
    ...BUDGETS.map((budget) => ({
      title: `alone at ≤ ${budget * 100} %`,
      hint: '% of hijacks stopped by its evidence alone',
    })),
    {
      title: 'only it: stopped',
      hint: 'refused hijacks with no other detector’s evidence at the first refusal',
    },
    { title: 'only it: interrupted', hint: 'the same of honest runs' },
  ];
  const rows = detectors.map<Row>((one) => ({
    cells: [
      escape(one.detector),
      `${one.hijacks}`,
      `${one.honest}`,
      ...one.alone.map(percent),
      `${one.onlyStopped}`,
      `${one.onlyInterrupted}`,
    ],
  }));
  return table('What each detector caught', columns, rows);
}

/** Later ones are counted together. */
const DELAYS_SHOWN = 8;

function delayTable({ delays }: SettingReport): string {
  const total = delays.reduce((sum, { hijacks }) => sum + hijacks, 0);
  if (total === 0) return '';
  const shown = delays.filter(({ calls }) => calls < DELAYS_SHOWN);
  const later = delays
    .filter(({ calls }) => calls >= DELAYS_SHOWN)
    .reduce((sum, { hijacks }) => sum + hijacks, 0);
  const rows = shown.map(({ calls, hijacks }) => [`${calls}`, `${hijacks}`, percent(hijacks / total)]);
  if (later > 0) rows.push([`${DELAYS_SHOWN} or more`, `${later}`, percent(later / total)]);
  return table(
    'Calls made between drift and refusal, stopped hijacks at the policy’s thresholds',
    [{ title: 'calls', text: true }, { title: 'hijacks' }, { title: '%' }],
    rows.map((cells) => ({ cells })),
  );
}
