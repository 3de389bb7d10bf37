/**
 * What is left of a document once everything wrong is taken out, so that mistakes of meaning are found together with
 * mistakes of form. Places in what is left lead back to places in the document.
 */
import type { z } from 'zod';

/** Taking out one thing may leave another without what it needs. */
const PASSES_MAX = 16;

export interface Pruned<T> {
  /** Null = nothing sensible is left. */
  value: T | null;
  /** The place in the document of a place in `value`. */
  original(path: readonly PropertyKey[]): PropertyKey[];
}

const GONE = Symbol('gone');
type Container = Record<PropertyKey, unknown>;

/** `fill`: what a key at the top that is needed is, when it had to be taken out. */
export function pruned<T>(schema: z.ZodType<T>, data: unknown, fill: Record<string, unknown>): Pruned<T> {
  const places = new WeakMap<object, number[]>();
  let left: unknown = structuredClone(data);
  for (let pass = 0; pass < PASSES_MAX; pass++) {
    const parsed = schema.safeParse(left);
    if (parsed.success) {
      const remains = left;
      return { value: parsed.data, original: (path) => originalOf(remains, path, places) };
    }
    if (!isContainer(left) || Array.isArray(left)) break;
    const top = left;
    for (const issue of parsed.error.issues) takeOut(top, issue, fill);
    left = compacted(left, places);
  }
  return { value: null, original: (path) => [...path] };
}

function takeOut(top: Container, issue: z.core.$ZodIssue, fill: Record<string, unknown>): void {
  const { path } = issue;
  if (issue.code === 'unrecognized_keys') {
    const holder = path.reduce<unknown>((value, part) => (isContainer(value) ? value[part] : undefined), top);
    if (isContainer(holder)) for (const key of issue.keys) delete holder[key];
    return;
  }
  // What is needed and not there takes what needs it along.
  for (let depth = path.length; depth > 0; depth--) {
    const holder = path
      .slice(0, depth - 1)
      .reduce<unknown>((value, part) => (isContainer(value) ? value[part] : undefined), top);
    const key = path[depth - 1] as PropertyKey;
    if (!isContainer(holder) || holder[key] === GONE) return;
    if (depth === 1 && key in fill) {
      holder[key] = fill[String(key)];
      return;
    }
    if (holder[key] === undefined) continue;
    if (Array.isArray(holder)) holder[key as never] = GONE as never;
    else delete holder[key];
    return;
  }
}

/** Without what is gone from lists; `places` remembers where the rest stood. */
function compacted(value: unknown, places: WeakMap<object, number[]>): unknown {
  if (Array.isArray(value)) {
    const before = places.get(value) ?? value.map((_, at) => at);
    const kept = value.flatMap((item: unknown, at) => (item === GONE ? [] : [at]));
    const list = kept.map((at) => compacted(value[at], places));
    places.set(
      list,
      kept.map((at) => before[at] as number),
    );
    return list;
  }
  if (!isContainer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, compacted(item, places)]));
}

function originalOf(
  top: unknown,
  path: readonly PropertyKey[],
  places: WeakMap<object, number[]>,
): PropertyKey[] {
  let value = top;
  return path.map((part) => {
    const place = Array.isArray(value) ? places.get(value)?.[Number(part)] : undefined;
    value = isContainer(value) ? value[part] : undefined;
    return place ?? part;
  });
}

function isContainer(value: unknown): value is Container {
  return typeof value === 'object' && value !== null;
}
