/** One measured figure: the median over rounds, with how many there were and how far they spread. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  n: number;
  min: number;
  max: number;
}

export function figure(name: string, unit: string, samples: number[]): Figure {
  return {
    name,
    unit,
    value: quantile(samples, 0.5),
    n: samples.length,
    min: Math.min(...samples),
    max: Math.max(...samples),
  };
}

/** A quantile of many single times: `min` and `max` are the extremes of the single times. */
export function quantileFigure(name: string, unit: string, samples: number[], at: number): Figure {
  return {
    name,
    unit,
    value: quantile(samples, at),
    n: samples.length,
    min: Math.min(...samples),
    max: Math.max(...samples),
  };
}

export function quantile(samples: readonly number[], at: number): number {
  if (samples.length === 0) throw new Error('no samples');
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(at * sorted.length))]!;
}
