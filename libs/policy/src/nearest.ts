/** What was probably meant. */

/** How many names are listed where none is near. */
const LISTED_MAX = 24;

/** `; did you mean "weight"?`, or what there is to choose from; empty when there is nothing. */
export function nearestOf(known: readonly string[], name: string): string {
  const near = nearest(known, name);
  if (near !== null) return `; did you mean "${near}"?`;
  if (known.length === 0) return '';
  const more = known.length > LISTED_MAX ? `, and ${known.length - LISTED_MAX} more` : '';
  return `; known here: ${known.slice(0, LISTED_MAX).join(', ')}${more}`;
}

/** The known name that a slip of the finger could have made this one; null when none is near. */
export function nearest(known: readonly string[], name: string): string | null {
  let best: string | null = null;
  let least = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const one of known) {
    const far = distance(one.toLowerCase(), name.toLowerCase());
    if (far < least) [best, least] = [one, far];
  }
  return best;
}

/** Levenshtein distance. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}
