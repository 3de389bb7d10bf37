/** Areas of resources: coarse enough to be few, fine enough to mean something. */
import { clipText } from '#activity/types';
import { plainPath, resourcesIn } from './glob.js';
import { LIMITS } from './limits.js';

const DEPTH = 2;

/**
 * Where the resources of a call lie: hosts of URLs, first directories of paths. Empty = nowhere: none was named, or what
 * is named has no place (an id, a fingerprint).
 */
export function areasOf(resource: string | null): readonly string[] {
  if (resource === null) return NOWHERE;
  if (resource.startsWith('["')) {
    const areas = (resourcesIn(resource) ?? []).map(areaOf).filter((area) => area !== null);
    return [...new Set(areas)];
  }
  const area = areaOf(resource);
  return area === null ? NOWHERE : [area];
}
const NOWHERE: readonly string[] = [];

function areaOf(resource: string): string | null {
  const scheme = resource.indexOf('://');
  if (scheme >= 0 && !resource.startsWith('file://')) return clipped(hostOf(resource, scheme + 3));
  return directories(scheme >= 0 ? resource.slice(scheme + 3) : resource);
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
  return area === '' ? null : clipText(area, LIMITS.areaBytes);
}
