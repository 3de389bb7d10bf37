/**
 * One agent alone is no precedent for its role: neither by doing a thousand times what its peers do, nor by what only it
 * does. By accident or on purpose, it would make its own drift look usual to all of them.
 */
import { MEASURES, type Measure, type PeerCounts } from '#drift';
import { mergeCounts, noCounts } from './counts.js';

/**
 * Of what a role's baseline counts, at most this comes from one agent: a role of four hears each of them alike, and what
 * all others do stays three quarters of what is usual.
 */
export const AGENT_SHARE_MAX = 0.25;
/** Among fewer agents that cannot be held: there at most so many times an equal share, which leaves two as they are. */
const EQUAL_SHARES_MAX = 2;
/** From so many agents on, what only one of them did is nobody's habit but its own. With fewer it may be a third of the work. */
const AGENTS_MIN = 1 / AGENT_SHARE_MAX;

/** Thirds are not exact. */
const ROUNDING = 1e-6;

/** An agent that did more than its share. */
export interface Limited {
  agent: string;
  tasks: number;
  /** How many of them count. */
  counted: number;
}

const NAMED = ['tools', 'servers', 'areas', 'effects', 'classes', 'transitions'] as const;
type Named = (typeof NAMED)[number];

/** What is counted once for each of something: all of it is scaled alike. */
interface Family {
  amount: (counts: PeerCounts) => number;
  totals: readonly ('tasks' | 'calls' | 'results')[];
  names: readonly Named[];
  measures: readonly Measure[];
}
const FAMILIES: readonly Family[] = [
  {
    amount: ({ tasks }) => tasks,
    totals: ['tasks'],
    names: ['tools', 'servers', 'areas', 'effects', 'classes'],
    measures: ['callsPerTask', 'changesPerTask'],
  },
  { amount: ({ calls }) => calls, totals: ['calls'], names: ['transitions'], measures: ['bytesPerCall'] },
  {
    amount: ({ results }) => results,
    totals: ['results'],
    names: [],
    measures: ['bytesPerResult', 'recordsPerResult'],
  },
  {
    amount: ({ measures }) => sum(measures.callsPerWindow),
    totals: [],
    names: [],
    measures: MEASURES.filter((measure) => measure.endsWith('PerWindow')),
  },
];

/** One role's counts from those of its agents. */
export function sharedCounts(byAgent: ReadonlyMap<string, PeerCounts>): {
  counts: PeerCounts;
  limited: Limited[];
} {
  const all = [...byAgent.values()];
  const caps = FAMILIES.map(({ amount }) => capOf(all.map(amount)));
  const alone = all.length < AGENTS_MIN ? null : whatOneDid(all);
  let counts = noCounts();
  const limited: Limited[] = [];
  for (const [agent, own] of byAgent) {
    const within = FAMILIES.reduce((left, family, at) => scaled(left, family, caps[at] as number), own);
    if (within.tasks < own.tasks) limited.push({ agent, tasks: own.tasks, counted: within.tasks });
    counts = mergeCounts(counts, alone === null ? within : without(within, alone));
  }
  return { counts, limited };
}

/**
 * The most that one may bring, so that it is no more than its share of what all bring within it. Infinity = nobody brings
 * too much.
 */
export function capOf(amounts: readonly number[]): number {
  const share = Math.max(AGENT_SHARE_MAX, EQUAL_SHARES_MAX / amounts.length);
  const ordered = amounts.toSorted((a, b) => b - a);
  let rest = sum(ordered);
  // `at` of them are at the cap, the others bring `rest`.
  for (let at = 0; share * at < 1 && at < ordered.length; at++) {
    const cap = (share * rest) / (1 - share * at) + ROUNDING;
    if (cap >= (ordered[at] as number)) return at === 0 ? Infinity : Math.max(1, Math.floor(cap));
    rest -= ordered[at] as number;
  }
  return 1;
}

function scaled(counts: PeerCounts, { amount, totals, names, measures }: Family, cap: number): PeerCounts {
  const own = amount(counts);
  if (own <= cap) return counts;
  const part = (count: number) => Math.round((count * cap) / own);
  const left = { ...counts, measures: { ...counts.measures } };
  for (const name of totals) left[name] = part(left[name]);
  for (const kind of names) {
    const parts = Object.entries(left[kind]).map(([name, count]) => [name, part(count)] as const);
    left[kind] = Object.fromEntries(parts.filter(([, count]) => count > 0));
  }
  for (const measure of measures) left.measures[measure] = left.measures[measure].map(part);
  return left;
}

interface Alone {
  names: Record<Named, Set<string>>;
  /** By measure, the highest bucket that at least two agents reach. */
  highest: Record<Measure, number>;
}

function whatOneDid(all: readonly PeerCounts[]): Alone {
  const names = NAMED.map((kind) => {
    const times = new Map<string, number>();
    for (const counts of all) {
      for (const name of Object.keys(counts[kind])) times.set(name, (times.get(name) ?? 0) + 1);
    }
    return [kind, new Set([...times].flatMap(([name, count]) => (count === 1 ? [name] : [])))];
  });
  const highest = MEASURES.map((measure) => {
    const tops = all.map(({ measures }) => measures[measure].length - 1).toSorted((a, b) => b - a);
    return [measure, Math.max(0, tops[1] as number)];
  });
  return {
    names: Object.fromEntries(names) as Alone['names'],
    highest: Object.fromEntries(highest) as Alone['highest'],
  };
}

/** Names are left out; an amount that only one reaches counts as the highest that another one does. */
function without(counts: PeerCounts, { names, highest }: Alone): PeerCounts {
  const left = { ...counts, measures: { ...counts.measures } };
  for (const kind of NAMED) {
    left[kind] = Object.fromEntries(Object.entries(left[kind]).filter(([name]) => !names[kind].has(name)));
  }
  for (const measure of MEASURES) {
    const buckets = left.measures[measure].slice(0, highest[measure] + 1);
    const beyond = sum(left.measures[measure].slice(highest[measure] + 1));
    if (beyond > 0) buckets[highest[measure]] = (buckets[highest[measure]] ?? 0) + beyond;
    left.measures[measure] = buckets;
  }
  return left;
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((all, amount) => all + amount, 0);
}
