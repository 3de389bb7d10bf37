/**
 * What a task knows of the values it met: those of its intent, and those of the results it received, each with its
 * origin. Bounded: what had to go counts against the agent as the worst of what went.
 */
import { clipText, type Value, type ValueKind } from '#activity/types';
import { placeOfTool } from './counts.js';
import { LIMITS } from './limits.js';
import {
  entryOf,
  gravityOf,
  isStrong,
  isTainted,
  keyOf,
  knownOf,
  MAX_SOURCES,
  merged,
  ordered,
  packed,
  restOf,
  together,
  VOUCHER,
  type Origin,
} from './origin.js';
import type { AgentState, OpenTask } from './state.js';

/** A call whose result has not come. */
export interface Flight {
  /** Names the call: its id as a number of 52 bits. */
  call: number;
  /** Origin of the worst of its arguments, which its result inherits; `origin.ts`. */
  taint: number;
  /** Used values of the intent, and no others: what it returns is what the intent named. */
  named: boolean;
  /** Not a read: what it answers is its own system's. */
  acts: boolean;
}

export interface Lineage {
  /** Most entries, ordered by print; `origin.ts` says what they are. */
  older: number[];
  /** The latest, ordered likewise: few, so that a result does not copy them all. */
  newer: number[];
  /** Prints of whom the intent presents as a source. */
  authors: string[];
  /** The intent leaves what is to be done to a text. */
  delegates: boolean;
  flights: Flight[];
  /** `server/tool` of the results that entries came from; further ones go without a name. */
  sources: string[];
  /** Tools that the system itself asked for in answer to a call that is no read; numbers as in `flights`. */
  due: number[];
  /** Origin of the worst that had to go; 0 = nothing went. */
  lost: number;
  /** What other tasks of the principal, ended since, left behind: only what came out of text. Ordered. */
  passed: number[];
  /** When the last of them was active; what they left weighs less with age. */
  passedAt: number;
}

export const NO_LINEAGE: Lineage = {
  older: [],
  newer: [],
  authors: [],
  delegates: false,
  flights: [],
  sources: [],
  due: [],
  lost: 0,
  passed: [],
  passedAt: 0,
};

/** A copy whose fields may be replaced: one per activity, whatever changes. Spelled out, as a spread is twice as slow. */
export function copyOfLineage(lineage: Lineage | null): Lineage {
  const { older, newer, authors, delegates, flights, sources, due, lost, passed, passedAt } =
    lineage ?? NO_LINEAGE;
  return { older, newer, authors, delegates, flights, sources, due, lost, passed, passedAt };
}

/** Names somebody or some place to go to. */
export function isAddress(kind: ValueKind): boolean {
  switch (kind) {
    case 'email':
    case 'url':
    case 'host':
    case 'phone':
    case 'iban':
    case 'account':
    case 'card':
      return true;
    default:
      return false;
  }
}

/** Names a target by itself. */
export function isTarget(kind: ValueKind): boolean {
  return kind === 'path' || kind === 'id' || isAddress(kind);
}

/** Known of this value; -1 = never met. */
export function originIn(lineage: Lineage, key: number): number {
  const a = entryOf(lineage.older, key);
  const b = entryOf(lineage.newer, key);
  if (a < 0) return b < 0 ? -1 : knownOf(b);
  return knownOf(b < 0 ? a : together(a, b));
}

/** Values of the intent: what was asked for. Changes `lineage`, a copy of its own; so do all `add…` and `take…`. */
export function addIntent(
  lineage: Lineage,
  values: readonly Value[],
  authors: readonly string[],
  delegates: boolean,
): void {
  lineage.authors = authors.slice(0, LIMITS.lineageAuthors);
  lineage.delegates = delegates;
  addEntries(lineage, ordered(values.map(({ print, kind }) => keyOf(print) + packed(intended(kind)))));
}

function intended(kind: ValueKind): Origin {
  return {
    level: 0,
    voucher: VOUCHER.meant,
    imperative: false,
    line: false,
    foreign: false,
    asked: false,
    strong: isTarget(kind),
    source: 0,
  };
}

/** What a result brought; `entries` ordered. */
export function addEntries(lineage: Lineage, entries: number[]): void {
  if (entries.length === 0) return;
  lineage.newer = lineage.newer.length === 0 ? entries : merged(lineage.newer, entries);
  if (lineage.newer.length <= LIMITS.lineageNewer) return;
  lineage.older = lineage.older.length === 0 ? lineage.newer : merged(lineage.older, lineage.newer);
  lineage.newer = NONE;
}
const NONE: number[] = [];

/** Whether a call has to be remembered until its result comes: one of which nothing is known is like one never seen. */
export function isTelling({ taint, named, acts }: Omit<Flight, 'call'>, lineage: Lineage | null): boolean {
  return taint !== 0 || named || acts || (lineage !== null && lineage.lost !== 0);
}

/** A call whose result will inherit this. The oldest has to go when there are too many, and counts. */
export function addFlight(
  lineage: Lineage,
  callId: string,
  { taint, named, acts }: Omit<Flight, 'call'>,
  most: number = LIMITS.flights,
): void {
  lineage.flights = [...lineage.flights, { call: flightId(callId), taint, named, acts }];
  while (lineage.flights.length > most) {
    const gone = lineage.flights.shift() as Flight;
    lineage.lost = Math.max(lineage.lost, gone.taint);
  }
}

/** Calls one task may wait for when so many are open. */
export function flightsFor(tasks: number): number {
  return Math.max(2, Math.min(LIMITS.flights, Math.floor(LIMITS.flightsOfAgent / Math.max(1, tasks))));
}

/** The call of a result, waited for no longer. One that was never seen, or had to go, is as bad as what went. */
export function takeFlight(lineage: Lineage, callId: string): Omit<Flight, 'call'> {
  const call = flightId(callId);
  const flight = lineage.flights.find((one) => one.call === call);
  if (flight === undefined) return { taint: lineage.lost, named: false, acts: false };
  lineage.flights = lineage.flights.filter((one) => one !== flight);
  return flight;
}

/** A result answers a call that is no read. Looked up, not taken out. */
export function answersAct({ flights }: Lineage, callId: string): boolean {
  if (flights.length === 0) return false;
  const call = flightId(callId);
  return flights.some((one) => one.call === call && one.acts);
}

/** Tools that an answer of the system's own asks for; the latest stay. */
export function addDue(lineage: Lineage, tools: readonly string[]): void {
  lineage.due = [...new Set([...lineage.due, ...tools.map(flightId)])].slice(-LIMITS.due);
}

export function isDue({ due }: Lineage, tool: string): boolean {
  return due.length > 0 && due.includes(flightId(tool));
}

/** Call ids are the gateway's own, so nobody makes two meet: FNV-1a in two lanes is enough. */
function flightId(callId: string): number {
  let [low, high] = [0x811c9dc5, 0xcbf29ce4];
  for (let i = 0; i < callId.length; i++) {
    const code = callId.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + i), 0x01000193);
  }
  return (high >>> 0) * 2 ** 20 + ((low >>> 0) % 2 ** 20);
}

/** Place of this source in the list, added where there is room. 0 is the intent. */
export function addSource(state: AgentState, lineage: Lineage, server: string, tool: string): number {
  const at = placeOfTool(lineage.sources, server, tool);
  if (at >= 0) return at + 1;
  const name = clipText(`${server}/${tool}`, LIMITS.identifier);
  const clipped = lineage.sources.indexOf(name);
  if (clipped >= 0) return clipped + 1;
  let all = 0;
  for (const task of state.tasks) all += task.lineage?.sources.length ?? 0;
  if (lineage.sources.length >= MAX_SOURCES - 1 || all >= LIMITS.lineageSources) return MAX_SOURCES;
  lineage.sources = [...lineage.sources, name];
  return lineage.sources.length;
}

/** Entries kept by one task when so many are open: all of them together stay within the agent's bound. */
function allowance(tasks: number): number {
  return Math.min(LIMITS.lineage, Math.floor(LIMITS.lineageOfAgent / Math.max(1, tasks)));
}

/**
 * Keeps the lineages of all tasks within their bound. `task` is a copy whose fields may be replaced; the others are
 * replaced in the state's list.
 */
export function withinBounds(state: AgentState, task: OpenTask): void {
  const most = allowance(state.tasks.length);
  if (task.lineage !== null) task.lineage = trimmed(task.lineage, most);
  if (state.tasks.length === 1) return;
  const isOther = (open: OpenTask) => open.id !== task.id || open.conversation !== task.conversation;
  const over = (open: OpenTask) => open.lineage !== null && isOther(open) && sizeOf(open.lineage) > most;
  if (!state.tasks.some(over)) return;
  state.tasks = state.tasks.map((open) =>
    over(open) ? { ...open, lineage: trimmed(open.lineage as Lineage, most) } : open,
  );
}

export function sizeOf(lineage: Lineage): number {
  return lineage.older.length + lineage.newer.length + lineage.passed.length;
}

/** A quarter more than has to go goes at once, so that it is not done with every result. */
const TRIM_SHARE = 0.75;

/**
 * The least telling go first: names from fields, then targets from fields, names out of text, the intent, and last targets
 * out of text.
 */
function trimmed(lineage: Lineage, most: number): Lineage {
  if (sizeOf(lineage) <= most) return lineage;
  const next = copyOfLineage(lineage);
  next.older = merged(lineage.older, lineage.newer);
  next.newer = NONE;
  if (sizeOf(next) <= most) return next;
  const room = Math.max(0, Math.floor(most * TRIM_SHARE) - next.passed.length);
  const quota = quotas(next.older, room);
  next.older = next.older.filter((entry) => {
    const rank = rankOf(entry);
    if ((quota[rank] as number) > 0) {
      quota[rank] = (quota[rank] as number) - 1;
      return true;
    }
    // What spoke for the agent is from nowhere once it is gone: only what spoke against it counts on.
    if (isTainted(entry)) next.lost = Math.max(next.lost, LOST, isStrong(entry) ? knownOf(entry) : 0);
    return false;
  });
  return next;
}

/** How many of each rank stay: the highest first, as far as there is room. */
function quotas(entries: readonly number[], room: number): number[] {
  const counts = Array.from({ length: RANKS }, () => 0);
  for (const entry of entries) counts[rankOf(entry)] = (counts[rankOf(entry)] as number) + 1;
  let left = room;
  for (let rank = RANKS - 1; rank >= 0; rank--) {
    counts[rank] = Math.min(counts[rank] as number, left);
    left -= counts[rank] as number;
  }
  return counts;
}

/** What went may have been anything that came out of text, unless worse is known to have gone. */
const LOST = packed({
  level: 1,
  voucher: VOUCHER.nobody,
  imperative: false,
  line: false,
  foreign: true,
  asked: false,
  strong: true,
  source: 0,
});

const RANKS = 8;
function rankOf(entry: number): number {
  if (isTainted(entry)) return isStrong(entry) ? 4 + gravityOf(entry) : 2;
  if (knownOf(entry) % 16 === 0) return 3;
  return isStrong(entry) ? 1 : 0;
}

/** Something was cut before it got here: what is not found may have come from it. */
export function addLoss(lineage: Lineage): void {
  lineage.lost = Math.max(lineage.lost, LOST);
}

/**
 * What a task leaves to the next of its principal: what came out of text, the worst first where it is too much, and then
 * the worst of the rest in one entry without a print.
 */
export function leftBehind(lineages: readonly (readonly number[])[], lost = 0): number[] {
  const isKept = (entry: number) => isTainted(entry) && entry !== knownOf(entry);
  const tainted = lineages.reduce<number[]>((all, entries) => merged(all, entries.filter(isKept)), []);
  const gone = lineages.reduce((worst, entries) => Math.max(worst, restOf(entries)), lost);
  const room = gone === 0 ? LIMITS.lineagePassed : LIMITS.lineagePassed - 1;
  if (tainted.length <= room) return gone === 0 ? tainted : [gone, ...tainted];
  const worstFirst = tainted.toSorted((a, b) => knownOf(b) - knownOf(a) || a - b);
  const kept = new Set(worstFirst.slice(0, LIMITS.lineagePassed - 1));
  const rest = Math.max(gone, LOST, knownOf(worstFirst[LIMITS.lineagePassed - 1] as number));
  return [rest, ...tainted.filter((entry) => kept.has(entry))];
}

/** All that a lineage would leave behind. */
export function taintedOf(lineage: Lineage | null): number[] {
  return lineage === null ? [] : leftBehind([lineage.older, lineage.newer, lineage.passed], lineage.lost);
}

/** A lineage that starts with what others left; null when they left nothing. */
export function startingWith(passed: number[], passedAt: number): Lineage | null {
  return passed.length === 0 ? null : { ...NO_LINEAGE, passed, passedAt };
}
