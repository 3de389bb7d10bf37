/** Globs without regular expressions, so that no pattern or name can make matching slow or mean something else. */

/** `*` stands for any run of characters. For names of servers and tools. */
export function matchesName(pattern: string, name: string): boolean {
  return matches(pattern, name, false);
}

/**
 * `*` stands for any run without `/`, `**` for any run. For resources: paths and URLs.
 * A resource that climbs (`..`, also as `%2e`) matches nothing: what it names cannot be told from its text.
 */
export function matchesResource(pattern: string, resource: string): boolean {
  if (climbs(resource)) return false;
  return matches(pattern, resource, true);
}

/**
 * The resources that a call names: one, or several as a JSON list. Null when the list was cut short, so that it cannot
 * be told what it names.
 */
export function resourcesIn(resource: string): string[] | null {
  if (!resource.startsWith('["')) return [resource];
  try {
    const list: unknown = JSON.parse(resource);
    return Array.isArray(list) && list.every((item) => typeof item === 'string') ? list : null;
  } catch {
    return null;
  }
}

/** Like `matchesResource`, for what is watched rather than approved: climbing and encoding hide nothing. */
export function reachesResource(pattern: string, resource: string): boolean {
  return matches(pattern, resource, true) || matches(pattern, plainPath(resource), true);
}

function climbs(resource: string): boolean {
  if (!resource.includes('..') && !resource.includes('%')) return false;
  return plain(resource).split('/').includes('..');
}

function plain(resource: string): string {
  return resource.replaceAll(/%2e/gi, '.').replaceAll(/%2f|%5c|\\/gi, '/');
}

/** With `..` and its encodings resolved. */
export function plainPath(resource: string): string {
  const kept: string[] = [];
  for (const segment of plain(resource).split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  return kept.join('/');
}

/** Remembers the last `**` and the last `*` after it: enough to try every split, in time length × length. */
function matches(pattern: string, text: string, segments: boolean): boolean {
  let p = 0;
  let t = 0;
  let deep = { pattern: -1, text: 0 };
  let flat = { pattern: -1, text: 0 };
  while (t < text.length) {
    if (pattern[p] === '*') {
      if (!segments || pattern[p + 1] === '*') {
        while (pattern[p] === '*') p++;
        deep = { pattern: p, text: t };
        flat = { pattern: -1, text: 0 };
      } else {
        p++;
        flat = { pattern: p, text: t };
      }
    } else if (p < pattern.length && pattern[p] === text[t]) {
      p++;
      t++;
    } else if (flat.pattern >= 0 && text[flat.text] !== '/') {
      flat.text++;
      p = flat.pattern;
      t = flat.text;
    } else if (deep.pattern >= 0) {
      deep.text++;
      p = deep.pattern;
      t = deep.text;
      flat = { pattern: -1, text: 0 };
    } else return false;
  }
  while (pattern[p] === '*') p++;
  return p === pattern.length;
}
