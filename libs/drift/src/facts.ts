/** Conditions on facts, the numbers, enums and booleans that the catalogue names among a tool's arguments. */
import type { Fact } from '#activity/types';
import { matchesName } from './glob.js';

/** Both ends included; null = open. */
export interface Range {
  min: number | null;
  max: number | null;
}

/** One of these (texts are globs), or in this range; with neither, that the fact is there at all. */
export interface FactCondition {
  name: string;
  any: (string | number | boolean)[] | null;
  range: Range | null;
}

export function isFact({ name, any, range }: FactCondition, fact: Fact): boolean {
  if (fact.name !== name) return false;
  if (range !== null) return typeof fact.value === 'number' && isIn(range, fact.value);
  return any === null || any.some((wanted) => isSame(wanted, fact.value));
}

export function isIn(range: Range | null, value: number): boolean {
  if (range === null) return true;
  return (range.min === null || value >= range.min) && (range.max === null || value <= range.max);
}

function isSame(wanted: Fact['value'], value: Fact['value']): boolean {
  return typeof wanted === 'string' && typeof value === 'string'
    ? matchesName(wanted, value)
    : wanted === value;
}
