import { z } from 'zod';
import { AccessError } from '#access';

/** More text than this helps nobody who reads it. */
const MISTAKES_MAX = 2_000;

/** `scope.effects.0: Invalid option …; by: …`, on one line. */
function mistakesIn({ issues }: z.ZodError): string {
  return issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join('.')}: ${message}`))
    .join('; ');
}

/** What came, in the shape expected, or `invalid` with every mistake named. */
export function parse<T extends z.ZodType>(shape: T, data: unknown): z.output<T> {
  const parsed = shape.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new AccessError('invalid', mistakesIn(parsed.error).slice(0, MISTAKES_MAX));
}

/** Base64 as it stands in a request, or `invalid`. */
export function bytesOf(text: unknown, what: string): Buffer {
  if (typeof text === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0) {
    return Buffer.from(text, 'base64');
  }
  throw new AccessError('invalid', `${what}: expected base64 of an encoded activity`);
}
