/**
 * What a task was asked for: by its intent, and by the text it read. Bounded: of the intent its actions as bits and its
 * topics as hashes; of the text one entry per tool, the clearest. What had to go counts for every tool.
 */
import {
  EFFECTS,
  type Effect,
  type Request,
  type TaskStarted,
  type Value,
  type ValueKind,
} from '#activity/types';
import { ACTIONS, type Action } from './actions.js';
import { fnv32 } from './hash.js';
import { LIMITS } from './limits.js';

/** Who stands behind a request. */
export const BEHIND = {
  /** Nobody that the task names. */
  nobody: 0,
  /** Somebody, and the intent names others. */
  other: 1,
  /** Whom the intent presents as a source. */
  meant: 2,
  /** The system itself, in answer to a call that acted. */
  system: 3,
} as const;
export type Behind = (typeof BEHIND)[keyof typeof BEHIND];

/** How clearly, and by whom, a tool was asked for. */
export interface Asked {
  /** 0 imperative, 1 due, 2 mentioned: as `REQUEST_MOODS`. */
  mood: number;
  object: boolean;
  behind: Behind;
  /** In text that outsiders may have written. */
  foreign: boolean;
  /** Read by another task of the principal. */
  passed: boolean;
}

export interface Requests {
  /** A bit per action of the intent, in the order of `ACTIONS`; 0 = nothing is known. */
  actions: number;
  /** A bit per effect, in the order of `EFFECTS`; from `TARGETS` on a bit per sort of target that the intent names. */
  effects: number;
  /** Hashes of the intent's topics. */
  topics: number[];
  /** Hash of a tool, then seven bits of `Asked`. */
  asked: number[];
  /** The clearest that had to go; -1 = nothing went. */
  lost: number;
}

export const NO_REQUESTS: Requests = { actions: 0, effects: 0, topics: [], asked: [], lost: -1 };

const FLAGS = 128;
/** Stands for every tool, as on the log. */
const ANY_TOOL = fnv32('*');
const MOOD_CODES: Record<Request['mood'], number> = { imperative: 0, due: 1, mentioned: 2 };

export function withIntentOf(requests: Requests, started: TaskStarted): Requests {
  return {
    ...requests,
    actions: bits(ACTIONS, started.intentActions),
    effects: bits(EFFECTS, started.intentEffects) + targetsOf(started.intentValues),
    topics: started.intentTopics.slice(0, LIMITS.intentTopics).map(fnv32),
  };
}

function bits(all: readonly string[], some: readonly string[]): number {
  return all.reduce((sum, name, i) => (some.includes(name) ? sum + 2 ** i : sum), 0);
}

export function asksFor(requests: Requests, action: Action | null): boolean {
  return action !== null && (requests.actions & (1 << ACTIONS.indexOf(action))) !== 0;
}

/** First bit of the sorts of targets, above those of all effects. */
const TARGETS = 16;
/** Kinds that one errand may be run with, either of them. */
const SORTS: Partial<Record<ValueKind, number>> = {
  email: 0,
  url: 1,
  host: 1,
  iban: 2,
  account: 2,
  card: 2,
  phone: 3,
  id: 4,
  path: 5,
};

function targetsOf(values: readonly Value[]): number {
  let targets = 0;
  for (const { kind } of values) {
    const sort = SORTS[kind];
    if (sort !== undefined) targets |= 1 << (TARGETS + sort);
  }
  return targets;
}

/** How the intent accounts for a call with a target that it does not name. */
export type Account =
  /** Nothing is known of what it asks for. */
  | 'unknown'
  /** It asks for such a call, and leaves open with what. */
  | 'open'
  /** It asks for such a call, and names targets of this sort: this is another. */
  | 'other'
  /** It does not ask for such a call. */
  | 'unasked';

/** Who asks for the one may well mean the other. */
const KIN: Partial<Record<Action, Action>> = {
  buy: 'book',
  book: 'buy',
  message: 'invite',
  invite: 'message',
};

export function accountFor(requests: Requests | null, action: Action | null, kind: ValueKind): Account {
  if (requests === null || requests.actions === 0 || action === null) return 'unknown';
  const kin = KIN[action] ?? null;
  if (!asksFor(requests, action) && !asksFor(requests, kin)) return 'unasked';
  const sort = SORTS[kind];
  return sort !== undefined && (requests.effects & (1 << (TARGETS + sort))) !== 0 ? 'other' : 'open';
}

export function asksForEffect(requests: Requests, effect: Effect): boolean {
  return (requests.effects & (1 << EFFECTS.indexOf(effect))) !== 0;
}

function packed(asked: Asked): number {
  const { mood, object, behind, foreign, passed } = asked;
  return mood + (object ? 0 : 4) + behind * 8 + (foreign ? 32 : 0) + (passed ? 64 : 0);
}

function unpacked(flags: number): Asked {
  return {
    mood: flags & 3,
    object: (flags & 4) === 0,
    behind: ((flags >> 3) & 3) as Behind,
    foreign: (flags & 32) !== 0,
    passed: (flags & 64) !== 0,
  };
}

/** Higher is kept: by whom nobody vouches for before excuses, then the clearer mood, then with its object. */
function standing(entry: number): number {
  const { mood, object, behind, passed } = unpacked(entry % FLAGS);
  const clear = 2 * (2 - mood) + (object ? 1 : 0);
  return (behind <= BEHIND.other ? 64 : 0) + clear * 4 + (passed ? 0 : 2) + (behind === BEHIND.other ? 1 : 0);
}

/** With what a result asked for. `behind` tells of each who stands behind it. */
export function withRequests(
  requests: Requests,
  list: readonly Request[],
  foreign: boolean,
  behind: (request: Request) => Behind,
): Requests {
  const entries = list.map((request) => {
    const { mood, object, tool } = request;
    const asked = { mood: MOOD_CODES[mood], object, behind: behind(request), foreign, passed: false };
    return fnv32(tool) * FLAGS + packed(asked);
  });
  return withEntries(requests, entries);
}

/** One entry per tool and whether somebody vouches for it: the clearest stays. */
function withEntries(requests: Requests, entries: readonly number[]): Requests {
  const kept = new Map<string, number>();
  for (const entry of [...requests.asked, ...entries]) {
    const { behind } = unpacked(entry % FLAGS);
    const key = `${Math.floor(entry / FLAGS)} ${behind <= BEHIND.other ? '' : behind}`;
    const known = kept.get(key);
    if (known === undefined || standing(entry) > standing(known)) kept.set(key, entry);
  }
  const all = [...kept.values()];
  if (all.length <= LIMITS.requests) return { ...requests, asked: all };
  all.sort((a, b) => standing(b) - standing(a));
  return {
    ...requests,
    asked: all.slice(0, LIMITS.requests),
    lost: clearest(requests.lost, all[LIMITS.requests]!),
  };
}

function clearest(lost: number, entry: number): number {
  const flags = entry % FLAGS;
  if (unpacked(flags).behind > BEHIND.other) return lost;
  return lost < 0 || standing(flags) > standing(lost) ? flags : lost;
}

/** What is known of requests for a tool, by its hash. */
export interface Found {
  /** The clearest that nobody vouches for; null = none. */
  asked: Asked | null;
  /** Somebody the intent means asked for it too: how clearly, as `Asked.mood`; null = nobody did. */
  meant: number | null;
  /** A system asked for it in answer to a call that acted. */
  system: boolean;
}

export function requestsFor(requests: Requests, tool: number): Found {
  const found: Found = { asked: null, meant: null, system: false };
  let flags = requests.lost;
  for (const entry of requests.asked) {
    const of = Math.floor(entry / FLAGS);
    if (of !== tool && of !== ANY_TOOL) continue;
    const { behind } = unpacked(entry % FLAGS);
    if (behind === BEHIND.meant) found.meant = Math.min(found.meant ?? entry & 3, entry & 3);
    else if (behind === BEHIND.system) found.system = true;
    else if (flags < 0 || standing(entry) > standing(flags)) flags = entry % FLAGS;
  }
  if (flags >= 0) found.asked = unpacked(flags);
  return found;
}

/** What a task leaves to the next of its principal: what nobody vouches for. */
export function unvouched(requests: Requests | null): number[] {
  if (requests === null) return [];
  const open = requests.asked.filter((entry) => unpacked(entry % FLAGS).behind <= BEHIND.other);
  return requests.lost < 0 ? open : [...open, ANY_TOOL * FLAGS + requests.lost];
}

/** Requests that start with what others left; null when they left nothing. */
export function startingWithRequests(left: readonly number[]): Requests | null {
  if (left.length === 0) return null;
  const passed = left.map((entry) => {
    const flags = entry % FLAGS;
    return entry - flags + packed({ ...unpacked(flags), passed: true });
  });
  return withEntries(NO_REQUESTS, passed);
}

/** What several leave, within the bound: the clearest, and the rest as one for every tool. */
export function leftRequests(lists: readonly (readonly number[])[]): number[] {
  const all = unvouched(withEntries(NO_REQUESTS, lists.flat()));
  if (all.length <= LIMITS.requestsPassed) return all;
  all.sort((a, b) => standing(b) - standing(a));
  const kept = all.slice(0, LIMITS.requestsPassed - 1);
  return [...kept, ANY_TOOL * FLAGS + (all[kept.length]! % FLAGS)];
}
