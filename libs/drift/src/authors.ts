import type { ToolResult } from '#activity/types';

/** `Value.at` of another name of a record's author (`schemas/values.md`). */
export const AUTHOR_ALIAS = '#author';

const NOBODY: ReadonlySet<string> = new Set();

/** Authors of a result's records that the intent presents as a source (`authors`), by any of their names. */
export function meantAuthors(authors: readonly string[], result: ToolResult): ReadonlySet<string> {
  if (authors.length === 0) return NOBODY;
  const meant = new Set(authors);
  for (const { at, print, author } of result.values)
    if (at === AUTHOR_ALIAS && author !== null && authors.includes(print)) meant.add(author);
  return meant;
}
