/** Curves of hijacks stopped against honest runs interrupted, as SVG in the page. */
import type { Point } from '../report/curve.js';
import { escape } from './html.js';

export interface Curve {
  name: string;
  points: readonly Point[];
  /** Which of the page's colours. */
  colour: number;
  dashed?: boolean;
}

const WIDTH = 460;
const HEIGHT = 300;
const LEFT = 40;
const RIGHT = 12;
const TOP = 10;
const BOTTOM = 40;
const X_TICKS = [0, 0.01, 0.05, 0.1, 0.25, 0.5, 1];
const Y_TICKS = [0, 0.25, 0.5, 0.75, 1];
/** Legend entries in a row. */
const LEGEND_COLUMNS = 2;
const LEGEND_ROW = 17;

/** The few per cent that matter take half of the width. */
const x = (share: number) => LEFT + Math.sqrt(share) * (WIDTH - LEFT - RIGHT);
const y = (share: number) => TOP + (1 - share) * (HEIGHT - TOP - BOTTOM);
const at = (number: number) => number.toFixed(1);

export function plot(title: string, curves: readonly Curve[]): string {
  const height = HEIGHT + Math.ceil(curves.length / LEGEND_COLUMNS) * LEGEND_ROW + 6;
  return [
    `<figure><figcaption>${escape(title)}</figcaption>`,
    `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(title)}">`,
    ...grid(),
    ...curves.map(line),
    ...curves.map(legend),
    '</svg></figure>',
  ].join('\n');
}

function grid(): string[] {
  const percent = (share: number) => `${100 * share}`;
  const vertical = X_TICKS.map(
    (tick) =>
      `<line class="g" x1="${at(x(tick))}" x2="${at(x(tick))}" y1="${y(1)}" y2="${y(0)}"/>` +
      `<text x="${at(x(tick))}" y="${y(0) + 14}" text-anchor="middle">${percent(tick)}</text>`,
  );
  const horizontal = Y_TICKS.map(
    (tick) =>
      `<line class="g" x1="${x(0)}" x2="${x(1)}" y1="${at(y(tick))}" y2="${at(y(tick))}"/>` +
      `<text x="${LEFT - 6}" y="${at(y(tick) + 4)}" text-anchor="end">${percent(tick)}</text>`,
  );
  const middle = at((x(0) + x(1)) / 2);
  const below = `<text class="a" x="${middle}" y="${y(0) + 31}" text-anchor="middle">% of honest runs interrupted (square-root scale)</text>`;
  return [...vertical, ...horizontal, below];
}

/** A staircase: between two thresholds nothing changes. Up to the highest risk, nothing is stopped. */
function line({ name, points, colour, dashed }: Curve): string {
  let path = `M${at(x(0))} ${at(y(0))}`;
  let last = '';
  for (const { interrupted, stopped } of points) {
    const step = `H${at(x(interrupted))}V${at(y(stopped))}`;
    if (step !== last) path += step;
    last = step;
  }
  const kind = `c${colour}${dashed ? ' d' : ''}`;
  return `<path class="${kind}" d="${path}"><title>${escape(name)}</title></path>`;
}

function legend({ name, colour, dashed }: Curve, index: number): string {
  const left = LEFT + (index % LEGEND_COLUMNS) * ((WIDTH - LEFT) / LEGEND_COLUMNS);
  const top = HEIGHT + 8 + Math.floor(index / LEGEND_COLUMNS) * LEGEND_ROW;
  return (
    `<path class="c${colour}${dashed ? ' d' : ''}" d="M${at(left)} ${at(top)}h22"/>` +
    `<text x="${at(left + 28)}" y="${at(top + 4)}">${escape(name)}</text>`
  );
}
