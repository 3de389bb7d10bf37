/** What the gateway refuses by itself before a call is judged. */
export type GatewayErrorCode =
  /** Not one JSON-RPC message, or one that two readers could read differently. */
  | 'unreadable'
  /** A mirrored header contradicts the body. */
  | 'header-mismatch'
  /** Host or Origin is not one this gateway answers to. */
  | 'foreign-origin'
  /** A limit in `limits.ts`. */
  | 'limit'
  | 'unknown-server'
  | 'unknown-session'
  /** The upstream server could not be reached or stopped answering. */
  | 'upstream'
  /** Configuration that cannot be served. */
  | 'config'
  | 'spool';

/** Carries the JSON-RPC code it is answered with. The message says what was expected and what came. */
export class GatewayError extends Error {
  override readonly name = 'GatewayError';
  readonly code: GatewayErrorCode;
  readonly rpcCode: number;

  constructor(code: GatewayErrorCode, rpcCode: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.rpcCode = rpcCode;
  }
}

/** HTTP status of each code. */
export const GATEWAY_STATUS: Readonly<Record<GatewayErrorCode, number>> = {
  unreadable: 400,
  'header-mismatch': 400,
  'foreign-origin': 403,
  limit: 503,
  'unknown-server': 404,
  'unknown-session': 404,
  upstream: 502,
  config: 500,
  spool: 503,
};
