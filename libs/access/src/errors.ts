/** Stable codes of everything that can go wrong between a caller and the authority. */
export const ACCESS_CODES = [
  /** No answer in time, or a server behind the authority (log, store) is away. */
  'unreachable',
  /** The state is not current: lag, rebuilding, another policy. Answered like an absent authority. */
  'not-current',
  /** Lost the compare-and-set against others too often. */
  'contended',
  /** No credential, or one nobody knows. */
  'unauthorized',
  /** A known caller whose role may not do this. */
  'forbidden',
  'not-found',
  'invalid',
  /** The agent's pending list is full. */
  'full',
  /** A limit of the authority: queue, size, number of followers. */
  'limit',
] as const;
export type AccessCode = (typeof ACCESS_CODES)[number];

/** The one error of this port. The message says what was expected, what came and what to do. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly code: AccessCode;

  constructor(code: AccessCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** HTTP status of each code, used by the authority; the client reads the code from `CODE_HEADER` instead. */
export const ACCESS_STATUS: Readonly<Record<AccessCode, number>> = {
  unreachable: 503,
  'not-current': 503,
  contended: 409,
  unauthorized: 401,
  forbidden: 403,
  'not-found': 404,
  invalid: 400,
  full: 429,
  limit: 429,
};

/** Carries the code of an error, because an AuthZEN error body is a plain message. */
export const CODE_HEADER = 'driftline-code';

/** Whether this is a code we know; anything else on the wire is treated as `unreachable`. */
export function isAccessCode(text: string): text is AccessCode {
  return (ACCESS_CODES as readonly string[]).includes(text);
}
