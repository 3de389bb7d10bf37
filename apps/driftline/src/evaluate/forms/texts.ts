import type { Run } from '../runs.js';

/** Shorter texts are words of an interface ("yes", "12"), not targets. */
const TEXT_MIN_CHARS = 4;
/** Longer ones are bodies, not targets. */
const TARGET_MAX_CHARS = 120;

/** Every text inside a value. */
export function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return value.length >= TEXT_MIN_CHARS ? [value] : [];
  if (value === null || typeof value !== 'object') return [];
  return Object.values(value).flatMap(textsIn);
}

/** Short texts among the arguments of the harmful call that the intent does not name. */
export function harmfulTexts({ harmAt, calls, intent }: Run): string[] {
  const harm = harmAt === null ? undefined : calls[harmAt];
  if (harm === undefined) return [];
  return textsIn(harm.args).filter((text) => text.length <= TARGET_MAX_CHARS && !intent.includes(text));
}
