/** Stable codes of what can go wrong with a store; the message says what was expected, what came and what to do. */
export type StoreErrorCode =
  /** No connection, refused, failing over, out of memory or disk: try again later. Nothing is known to be written. */
  | 'DL_STORE_UNAVAILABLE'
  /** No answer in time. A write may or may not have happened: read the marker (or view again) to find out. */
  | 'DL_STORE_TIMEOUT'
  /** The server may drop keys by itself. */
  | 'DL_STORE_EVICTING'
  /** A pinned value differs from the one given. */
  | 'DL_STORE_PINNED'
  /** A request beyond a limit of `limits.ts`. */
  | 'DL_STORE_LIMIT'
  /** Stored bytes that this code cannot have written. */
  | 'DL_STORE_CORRUPT'
  /** Credentials or permissions were refused, or a command that the store needs is forbidden. */
  | 'DL_STORE_DENIED'
  | 'DL_STORE_CLOSED';

export class StoreError extends Error {
  override readonly name = 'StoreError';

  constructor(
    readonly code: StoreErrorCode,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }

  /** Whether waiting and asking again can help. */
  get retryable(): boolean {
    return this.code === 'DL_STORE_UNAVAILABLE' || this.code === 'DL_STORE_TIMEOUT';
  }
}
