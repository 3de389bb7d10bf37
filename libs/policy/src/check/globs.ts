/** Whether two globs (`*` = any run of characters) have a name in common. In time length × length. */
export function overlap(a: string, b: string): boolean {
  // below[j]: what is left of `a` after this character and of `b` from j on have something in common.
  let below = rowAtTheEnd(b);
  for (let i = a.length - 1; i >= 0; i--) {
    const row: boolean[] = Array.from({ length: b.length + 1 }, () => false);
    for (let j = b.length; j >= 0; j--) {
      const later = j < b.length && (row[j + 1] as boolean);
      if (a[i] === '*' || b[j] === '*') row[j] = (below[j] as boolean) || later;
      else row[j] = j < b.length && a[i] === b[j] && (below[j + 1] as boolean);
    }
    below = row;
  }
  return below[0] as boolean;
}

/** Of nothing more only stars may follow. */
function rowAtTheEnd(b: string): boolean[] {
  return Array.from({ length: b.length + 1 }, (_, j) => /^\**$/.test(b.slice(j)));
}
