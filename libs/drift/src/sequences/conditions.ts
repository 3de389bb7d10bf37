/** Whether an activity is what a step asks for, apart from effect, server, tool, data and trust, which `plan.ts` has looked at. */
import type { ToolCall, ToolResult } from '#activity/types';
import { isFact, isIn } from '../facts.js';
import { reachesResource, resourcesIn } from '../glob.js';
import type { Seen } from './plan.js';
import type { SequenceStep, TimeCondition } from './rule.js';

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** 1 January 1970 was a Thursday. */
const EPOCH_DAY = 4;

export function isMet(step: SequenceStep, seen: Seen): boolean {
  if (step.time !== null && !isAt(step.time, seen.time)) return false;
  return seen.type === 'ToolCall' ? isCall(step, seen) : isResult(step, seen);
}

function isCall(step: SequenceStep, call: ToolCall): boolean {
  if (step.places !== null && !(call.destination !== null && step.places.includes(call.destination.place)))
    return false;
  if (step.resources !== null && !reaches(step.resources, call.resource)) return false;
  if (!isIn(step.bytes, call.argumentsBytes)) return false;
  return step.facts.every((condition) => call.facts.some((fact) => isFact(condition, fact)));
}

function isResult(step: SequenceStep, result: ToolResult): boolean {
  if (step.outcomes !== null && !step.outcomes.includes(result.outcome)) return false;
  return isIn(step.records, result.records) && isIn(step.bytes, result.resultBytes);
}

/** A list of resources that was cut short may name anything. */
function reaches(globs: string[], resource: string | null): boolean {
  if (resource === null) return false;
  const named = resourcesIn(resource);
  return named === null || named.some((one) => globs.some((glob) => reachesResource(glob, one)));
}

/** A night that begins on a day belongs to that day. */
function isAt({ fromMinute, toMinute, days }: TimeCondition, timeMs: number): boolean {
  const minutes = Math.floor(timeMs / MINUTE_MS);
  const minute = minutes % DAY_MINUTES;
  const overMidnight = fromMinute >= toMinute;
  const early = overMidnight && minute < toMinute;
  if (!early && (minute < fromMinute || (!overMidnight && minute >= toMinute))) return false;
  const day = Math.floor(minutes / DAY_MINUTES) - (early ? 1 : 0);
  return days === null || days.includes((day + EPOCH_DAY) % 7);
}
