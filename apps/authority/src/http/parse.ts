import { z } from 'zod';
import { AccessError } from '#access';

/** What came, in the shape expected, or `invalid` with every mistake named. */
export function parse<T extends z.ZodType>(shape: T, data: unknown): z.output<T> {
  const parsed = shape.safeParse(data);
  if (parsed.success) return parsed.data;
  throw new AccessError('invalid', z.prettifyError(parsed.error).slice(0, 2_000));
}

/** Base64 as it stands in a request, or `invalid`. */
export function bytesOf(text: unknown, what: string): Buffer {
  if (typeof text === 'string' && /^[A-Za-z0-9+/]*={0,2}$/.test(text) && text.length % 4 === 0) {
    return Buffer.from(text, 'base64');
  }
  throw new AccessError('invalid', `${what}: expected base64 of an encoded activity`);
}
