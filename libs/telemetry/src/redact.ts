/** Keeps secrets out of log lines: by the name of a field, and by the look of a value. */

const SECRET_NAME =
  /pass(word|phrase)?$|secret|token$|authorization|cookie|credential|api[-_]?key|private[-_]?key/i;
const REDACTED = '[redacted]';
/** Deeper than any field we log; also ends cycles. */
const DEPTH_MAX = 6;
const ITEMS_MAX = 50;
const TEXT_MAX_CHARACTERS = 4_096;

/** A copy of `value` that is safe and small enough to log. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Uint8Array) return `[${value.byteLength} bytes]`;
  if (value instanceof Date) return value;
  if (depth >= DEPTH_MAX) return '[deeper]';
  if (value instanceof Error) return redactError(value, depth);
  if (Array.isArray(value)) return value.slice(0, ITEMS_MAX).map((item) => redact(item, depth + 1));
  return redactFields(Object.entries(value), depth);
}

/** Hides bearer tokens, JWTs and the user part of URLs wherever they stand. */
export function redactText(text: string): string {
  return text
    .slice(0, TEXT_MAX_CHARACTERS)
    .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${REDACTED}`)
    .replace(/\beyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/g, REDACTED)
    .replace(/\/\/[^\s/@]{1,256}@/g, `//${REDACTED}@`);
}

function redactFields(fields: [string, unknown][], depth: number): Record<string, unknown> {
  return Object.fromEntries(
    fields
      .slice(0, ITEMS_MAX)
      .map(([name, value]) => [
        name,
        SECRET_NAME.test(name) && value !== null ? REDACTED : redact(value, depth + 1),
      ]),
  );
}

function redactError(error: Error, depth: number): Record<string, unknown> {
  const own = redactFields(Object.entries(error), depth);
  return {
    ...own,
    type: error.name,
    message: redactText(error.message),
    stack: redactText(error.stack ?? ''),
    ...(error.cause !== undefined && { cause: redact(error.cause, depth + 1) }),
  };
}
