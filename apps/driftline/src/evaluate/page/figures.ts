/** Shares as they are read: per cent with their interval. */
import type { Estimate } from '../report/measures.js';
import type { Spread } from '../report/splits.js';

export function percent(share: number | null): string {
  return share === null ? '–' : (100 * share).toFixed(1);
}

/** 97.2 with 93–100 small beside it. */
export function estimate({ value, low, high }: Estimate): string {
  return value === null ? '–' : `${percent(value)}${range(low, high)}`;
}

export function spread({ median, low, high }: Spread): string {
  return median === null ? '–' : `${percent(median)}${range(low, high)}`;
}

function range(low: number | null, high: number | null): string {
  if (low === null || high === null) return '';
  return ` <small>${(100 * low).toFixed(0)}–${(100 * high).toFixed(0)}</small>`;
}
