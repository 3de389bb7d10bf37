/** What a call does where the catalogue says that by one of its arguments. What nobody listed is the worst that is listed. */
import type { Effect } from '#activity/types';
import type { CatalogueEntry, EffectBy } from '#drift';
import { atPointer } from './resource.js';
import { sqlVerbs } from './sql.js';
import { worseEffect } from './verbs.js';

/** Methods that an operator can name. */
export const HTTP_METHODS = ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'POST', 'PUT', 'PATCH', 'DELETE', 'CONNECT'];

type Named = Pick<CatalogueEntry, 'effect' | 'effectBy'>;

/** The worst that a call of this tool can do, whatever its arguments. */
export function worstEffect({ effect, effectBy }: Named): Effect {
  if (effectBy === undefined) return effect;
  const { cases, absent } = effectBy;
  return cases.reduce((worst, one) => worseEffect(worst, one.effect), worseEffect(effect, absent ?? effect));
}

/** What a call with these arguments does. */
export function effectOfCall(entry: Named, args: unknown): Effect {
  const { effectBy } = entry;
  if (effectBy === undefined) return entry.effect;
  const value = atPointer(args, effectBy.pointer);
  if (value === undefined) return effectBy.absent ?? worstEffect(entry);
  const effects = readAs(effectBy, value)?.map((one) => caseOf(effectBy, one) ?? worstEffect(entry)) ?? [];
  return effects.length === 0 ? worstEffect(entry) : effects.reduce(worseEffect);
}

/** What the cases are compared with, all of it; null = cannot be read. */
function readAs({ as }: EffectBy, value: unknown): unknown[] | null {
  if (as === 'value') return [value];
  if (typeof value !== 'string') return null;
  return as === 'sql' ? sqlVerbs(value) : [value.toUpperCase()];
}

function caseOf({ cases }: EffectBy, value: unknown): Effect | null {
  return cases.find(({ is }) => is.some((one) => one === value))?.effect ?? null;
}
