/** Areas of resources: coarse enough to be few, fine enough to mean something. */
import { clipText } from '#activity/types';
import { plainPath, resourcesIn } from './glob.js';
import { LIMITS } from './limits.js';

const DEPTH = 2;

/**
 * Where a resource lies: the host of a URL, or the first directories of a path. Null = it lies nowhere: none was named, or
 * what is named has no place (an id, a fingerprint).
 */
export function areaOf(resource: string | null): string | null {
  if (resource === null) return null;
  const named = resource.startsWith('["') ? (resourcesIn(resource)?.[0] ?? '') : resource;
  const scheme = named.indexOf('://');
  if (scheme >= 0 && !named.startsWith('file://')) return clipped(hostOf(named, scheme + 3));
  return directories(scheme >= 0 ? named.slice(scheme + 3) : named);
}

function hostOf(url: string, from: number): string {
  const end = url.indexOf('/', from);
  return (end < 0 ? url.slice(from) : url.slice(from, end)).toLowerCase();
}

function directories(path: string): string | null {
  const text = path.includes('..') || path.includes('%') || path.includes('\\') ? plainPath(path) : path;
  let end = -1;
  let depth = 0;
  for (let at = text.indexOf('/', 1); at >= 0 && depth < DEPTH; at = text.indexOf('/', at + 1)) {
    end = at;
    depth += 1;
  }
  if (end < 0) return text.startsWith('/') && text.length > 1 ? '/' : null;
  return clipped(text.slice(0, end));
}

function clipped(area: string): string | null {
  if (area === '') return null;
  return area.length <= LIMITS.areaCharacters
    ? area
    : clipText(area.slice(0, LIMITS.areaCharacters), Infinity);
}
