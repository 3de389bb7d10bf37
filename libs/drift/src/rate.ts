/**
 * How much an agent does: the last minute, windows of ten minutes, and what is usual of a window. Counted whatever the
 * risk, for it is what happens; what is usual is learned only as far as the profile is. Constant in size, and one event costs
 * the same whatever came before.
 */
import type { ToolCall, ToolResult } from '#activity/types';
import type { Rate } from './state.js';
import { targetOf, WINDOW_MS } from './targets.js';

const HALF_LIFE_MS = 60_000;
const LOOP_HALF_LIFE_MS = 10 * 60_000;
/** Another call in between takes this much from the loop: a circle of up to four calls still grows. */
const LOOP_STEP_BACK = 0.25;
/** Windows after which one more moves what is usual no faster. */
const SLOWEST = 32;
/** Deviations are never taken for smaller than a doubling: work varies. */
export const LEAST_SPREAD = 1;
/** What a window may be above the usual, in deviations, before it counts towards a rise. */
const SLACK = 0.5;
/** One window counts no more than this, in deviations: a rise is a matter of several. */
const STEP_MAX = 4;
/** A rise goes no higher, so that it ends in bounded time once what caused it has. */
export const RISE_MAX = 16;

/** Quantities of a window, in the order of `usual`, `spread` and `rises`. */
const QUANTITIES = ['calls', 'argument bytes', 'result bytes', 'records', 'targets'] as const;

export function rateAfterCall(before: Rate, call: ToolCall, now: number, share: number): Rate {
  const rate = withWindow(before, now, share);
  const print = signatureOf(call);
  const known = loopAt(rate, now);
  const again = print === rate.loop;
  const loopCount = again ? known + 1 : known - LOOP_STEP_BACK;
  const keep = 2 ** ((rate.at - now) / HALF_LIFE_MS);
  rate.at = now;
  rate.calls = rate.calls * keep + 1;
  rate.argumentsBytes = rate.argumentsBytes * keep + call.argumentsBytes;
  rate.resultBytes *= keep;
  rate.records *= keep;
  rate.windowCalls += 1;
  rate.windowArgumentBytes = added(rate.windowArgumentBytes, call.argumentsBytes);
  const target = targetOf(call);
  if (target !== null) rate.targets = withTarget(rate.targets, target);
  rate.loop = again || loopCount > 0 ? rate.loop : print;
  rate.loopCount = again || loopCount > 0 ? loopCount : 1;
  return rate;
}

export function rateAfterResult(before: Rate, result: ToolResult, now: number, share: number): Rate {
  const rate = withWindow(before, now, share);
  const keep = 2 ** ((rate.at - now) / HALF_LIFE_MS);
  rate.loopCount = loopAt(rate, now);
  rate.at = now;
  rate.calls *= keep;
  rate.argumentsBytes *= keep;
  rate.resultBytes = rate.resultBytes * keep + result.resultBytes;
  rate.records = rate.records * keep + result.records;
  rate.windowResultBytes = added(rate.windowResultBytes, result.resultBytes);
  rate.windowRecords = added(rate.windowRecords, result.records);
  return rate;
}

/** Calls of the last minute, this one included. */
export function callsWith(rate: Rate, now: number): number {
  return rate.calls * 2 ** ((rate.at - now) / HALF_LIFE_MS) + 1;
}

/** How often the call of the loop came, as of now. */
export function loopAt(rate: Rate, now: number): number {
  return rate.loopCount * 2 ** ((rate.at - now) / LOOP_HALF_LIFE_MS);
}

/** The window is over: the next activity opens another. */
export function isWindowOver(rate: Rate, now: number): boolean {
  return rate.windowAt !== 0 && now - rate.windowAt >= WINDOW_MS;
}

/** How many of a quantity the window has so far. */
export function windowTotal(rate: Rate, quantity: number): number {
  switch (quantity) {
    case 0:
      return rate.windowCalls;
    case 1:
      return rate.windowArgumentBytes;
    case 2:
      return rate.windowResultBytes;
    case 3:
      return rate.windowRecords;
    default:
      return targetCount(rate.targets);
  }
}

/** The rise of a quantity once the window that is over counts. */
export function riseAfter(rate: Rate, quantity: number): number {
  const usual = rate.usual[quantity];
  if (usual === undefined) return 0;
  const above = Math.log2(1 + windowTotal(rate, quantity)) - usual;
  const spread = Math.max(LEAST_SPREAD, rate.spread[quantity] as number);
  const step = Math.min(STEP_MAX, above / spread - SLACK);
  return Math.min(RISE_MAX, Math.max(0, (rate.rises[quantity] as number) + step));
}

/** A copy to be changed, in a window that is not over. */
function withWindow(before: Rate, now: number, share: number): Rate {
  const rate = copyOfRate(before);
  if (!isWindowOver(before, now)) {
    if (rate.windowAt === 0) rate.windowAt = now;
    return rate;
  }
  if (share > 0 || before.usual.length > 0) learnWindow(rate, before, share);
  rate.windowAt = now;
  rate.windowCalls = 0;
  rate.windowArgumentBytes = 0;
  rate.windowResultBytes = 0;
  rate.windowRecords = 0;
  rate.targets = NO_TARGETS;
  return rate;
}
const NO_TARGETS: number[] = [];

function learnWindow(rate: Rate, before: Rate, share: number): void {
  const faster = share / Math.min(before.windows + 1, SLOWEST);
  rate.rises = QUANTITIES.map((_, quantity) => riseAfter(before, quantity));
  rate.usual = QUANTITIES.map((_, quantity) => usualAfter(before, quantity, faster));
  rate.spread = QUANTITIES.map((_, quantity) => spreadAfter(before, quantity, faster));
  rate.windows = Math.min(SLOWEST, before.windows + share);
}

/** A window far above the usual teaches no more than one just above it. */
function usualAfter(rate: Rate, quantity: number, faster: number): number {
  const amount = Math.log2(1 + windowTotal(rate, quantity));
  const usual = rate.usual[quantity];
  if (usual === undefined) return amount;
  const most = Math.max(LEAST_SPREAD, rate.spread[quantity] as number);
  return usual + faster * Math.max(-most, Math.min(most, amount - usual));
}

function spreadAfter(rate: Rate, quantity: number, faster: number): number {
  const usual = rate.usual[quantity];
  if (usual === undefined) return LEAST_SPREAD;
  const spread = rate.spread[quantity] as number;
  const away = Math.abs(Math.log2(1 + windowTotal(rate, quantity)) - usual);
  return spread + faster * (Math.min(away, 2 * Math.max(LEAST_SPREAD, spread)) - spread);
}

/** Sums stay exact whole numbers. */
function added(sum: number, amount: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, sum + amount);
}

const WORDS = 4;
const BITS = 32 * WORDS;

function withTarget(targets: number[], target: string): number[] {
  const bit = hashOf(target, OFFSET) % BITS;
  const word = bit >>> 5;
  const mask = (1 << (bit & 31)) >>> 0;
  if (targets.length > 0 && ((targets[word] as number) & mask) !== 0) return targets;
  const next = targets.length > 0 ? targets.slice() : [0, 0, 0, 0];
  next[word] = ((next[word] as number) | mask) >>> 0;
  return next;
}

/** About how many distinct targets there were (linear counting); exact to a few per cent up to some hundred. */
export function targetCount(targets: readonly number[]): number {
  if (targets.length === 0) return 0;
  let zeros = BITS;
  for (const word of targets) for (let bits = word; bits !== 0; bits &= bits - 1) zeros -= 1;
  return BITS * Math.log(BITS / Math.max(zeros, 0.5));
}

/** Targets of the window with this one. */
export function targetsWith(rate: Rate, target: string): number {
  return targetCount(withTarget(rate.targets, target));
}

const OFFSET = 0x811c9dc5;
const PRIME = 0x01000193;

/** FNV-1a over UTF-16 units: told apart well enough to count with, never a name. */
function hashOf(text: string, start: number): number {
  let hash = start;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), PRIME);
  // The low bits of FNV mix poorly.
  hash ^= hash >>> 15;
  return Math.imul(hash, 0x2c1b3c6d) >>> 0;
}

/** The same call with the same values has the same signature, never 0; facts and values in whatever order. */
export function signatureOf(call: ToolCall): number {
  let sum = hashOf(call.tool, hashOf(call.server, OFFSET));
  if (call.resource !== null) sum = hashOf(call.resource, sum);
  if (call.destination !== null) sum = hashOf(call.destination.print, sum);
  let unordered = call.argumentsBytes;
  for (const { print } of call.values) unordered = (unordered + hashOf(print, OFFSET)) >>> 0;
  for (const { name, value } of call.facts) {
    unordered = (unordered + hashOf(String(value), hashOf(name, OFFSET))) >>> 0;
  }
  return Math.imul(sum ^ unordered, PRIME) >>> 0 || 1;
}

function copyOfRate(rate: Rate): Rate {
  return {
    at: rate.at,
    calls: rate.calls,
    argumentsBytes: rate.argumentsBytes,
    resultBytes: rate.resultBytes,
    records: rate.records,
    windowAt: rate.windowAt,
    windowCalls: rate.windowCalls,
    windowArgumentBytes: rate.windowArgumentBytes,
    windowResultBytes: rate.windowResultBytes,
    windowRecords: rate.windowRecords,
    targets: rate.targets,
    windows: rate.windows,
    usual: rate.usual,
    spread: rate.spread,
    rises: rate.rises,
    loop: rate.loop,
    loopCount: rate.loopCount,
  };
}
