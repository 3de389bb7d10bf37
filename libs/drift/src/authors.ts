import type { ToolResult } from '#activity/types';
import { originIn, type Lineage } from './lineage.js';
import { keyOf, unpacked } from './origin.js';

/** `Value.at` of another name of a record's author (`schemas/values.md`). */
export const AUTHOR_ALIAS = '#author';

const NOBODY: ReadonlySet<string> = new Set();

/**
 * Authors of a result's records that the intent presents as a source, by any of their names. Anybody may call himself
 * what he likes: where several answer to one name, only those that the intent or one's own records know are meant.
 */
export function meantAuthors(lineage: Lineage, result: ToolResult): ReadonlySet<string> {
  const { authors } = lineage;
  if (authors.length === 0) return NOBODY;
  const meant = new Set(authors);
  const named = new Map<string, Set<string>>();
  for (const { at, print, author } of result.values) {
    if (at !== AUTHOR_ALIAS || author === null || !authors.includes(print)) continue;
    const known = named.get(print);
    if (known === undefined) named.set(print, new Set([author]));
    else known.add(author);
  }
  for (const claimants of named.values())
    for (const author of claimants) if (claimants.size === 1 || isKnown(lineage, author)) meant.add(author);
  return meant;
}

/** Of the intent, or of a field of one's own records. */
function isKnown(lineage: Lineage, author: string): boolean {
  const origin = originIn(lineage, keyOf(author));
  if (origin < 0) return false;
  const { level, foreign } = unpacked(origin);
  return level === 0 && !foreign;
}
