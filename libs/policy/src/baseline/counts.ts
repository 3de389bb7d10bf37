/** Peers' counts as numbers that add up: merging parts, and taking one out again, is exact. */
import { MEASURES, type Measure, type PeerCounts } from '#drift';

/** Counts by role. */
export type RoleCounts = Record<string, PeerCounts>;

const KINDS = ['tools', 'servers', 'areas', 'effects', 'classes', 'transitions'] as const;
const TOTALS = ['tasks', 'agents', 'calls', 'results'] as const;

export function noCounts(): PeerCounts {
  return {
    tasks: 0,
    agents: 0,
    calls: 0,
    results: 0,
    tools: {},
    servers: {},
    areas: {},
    effects: {},
    classes: {},
    transitions: {},
    measures: Object.fromEntries(MEASURES.map((measure) => [measure, []])) as unknown as Record<
      Measure,
      number[]
    >,
  };
}

/** One more of `name`. A name is outside text: the one that is no name to JavaScript is not counted. */
export function countUp(counts: Record<string, number>, name: string, by = 1): void {
  if (name !== '__proto__') counts[name] = (Object.hasOwn(counts, name) ? (counts[name] as number) : 0) + by;
}

/** Far beyond any size or count: 2^48. */
const BUCKETS_MAX = 48;

/** One more amount in a histogram; buckets as `Peers.quantile` reads them. */
export function measure(buckets: number[], amount: number, by = 1): void {
  const bucket = Math.min(Math.floor(Math.log2(1 + Math.max(0, amount))), BUCKETS_MAX - 1);
  while (buckets.length <= bucket) buckets.push(0);
  buckets[bucket] = (buckets[bucket] as number) + by;
}

/** Both together. */
export function mergeCounts(a: PeerCounts, b: PeerCounts): PeerCounts {
  return combined(a, b, 1);
}

/** Without a part that was merged before: leaves exactly what the others gave. */
export function subtractCounts(all: PeerCounts, part: PeerCounts): PeerCounts {
  return combined(all, part, -1);
}

/** Role by role; roles that only one of them has are taken over. */
export function mergeBaselines(a: RoleCounts, b: RoleCounts): RoleCounts {
  const merged: RoleCounts = { ...a };
  for (const [role, counts] of Object.entries(b)) {
    merged[role] = Object.hasOwn(merged, role)
      ? mergeCounts(merged[role] as PeerCounts, counts)
      : mergeCounts(noCounts(), counts);
  }
  return merged;
}

function combined(a: PeerCounts, b: PeerCounts, sign: 1 | -1): PeerCounts {
  const sum = { ...a };
  for (const total of TOTALS) sum[total] = a[total] + sign * b[total];
  for (const kind of KINDS) sum[kind] = combinedNames(a[kind], b[kind], sign);
  sum.measures = Object.fromEntries(
    MEASURES.map((name) => [name, combinedBuckets(a.measures[name], b.measures[name], sign)]),
  ) as Record<Measure, number[]>;
  return sum;
}

function combinedNames(a: Record<string, number>, b: Record<string, number>, sign: 1 | -1) {
  const sum = { ...a };
  for (const [name, count] of Object.entries(b)) {
    countUp(sum, name, sign * count);
    if (sum[name] === 0) delete sum[name];
  }
  return sum;
}

function combinedBuckets(a: readonly number[], b: readonly number[], sign: 1 | -1): number[] {
  const sum = [...a];
  b.forEach((count, bucket) => {
    while (sum.length <= bucket) sum.push(0);
    sum[bucket] = (sum[bucket] as number) + sign * count;
  });
  while (sum.at(-1) === 0) sum.pop();
  return sum;
}
