/** Why an identity was not accepted. Stable: metrics, logs and the gateway's answers use them. */
export type IdentityCode =
  /** Not a SPIFFE ID: see the message for which rule it breaks. */
  | 'DL_ID_EMPTY'
  | 'DL_ID_TOO_LONG'
  | 'DL_ID_SCHEME'
  | 'DL_ID_TRUST_DOMAIN_MISSING'
  | 'DL_ID_TRUST_DOMAIN_TOO_LONG'
  | 'DL_ID_TRUST_DOMAIN_CHARACTER'
  | 'DL_ID_PATH_SEGMENT_EMPTY'
  | 'DL_ID_PATH_SEGMENT_DOTS'
  | 'DL_ID_PATH_TRAILING_SLASH'
  | 'DL_ID_PATH_CHARACTER'
  /** The token is no compact JWS with JSON claims, or larger than a token may be. */
  | 'DL_TOKEN_MALFORMED'
  /** Signed with an algorithm that is not allowed (`none`, HS*, EdDSA, …). */
  | 'DL_TOKEN_ALGORITHM'
  /** A `typ` or another header that this kind of token must not have. */
  | 'DL_TOKEN_HEADER'
  /** No key id where one is needed, or no key of the right kind with it. */
  | 'DL_TOKEN_KEY'
  /** No bundle for the trust domain of the subject. */
  | 'DL_TOKEN_TRUST_DOMAIN'
  | 'DL_TOKEN_SIGNATURE'
  | 'DL_TOKEN_EXPIRED'
  | 'DL_TOKEN_NOT_YET_VALID'
  | 'DL_TOKEN_AUDIENCE'
  | 'DL_TOKEN_ISSUER'
  /** A required claim is missing or of the wrong type. */
  | 'DL_TOKEN_CLAIM'
  /** Subject or actor is no SPIFFE ID of a domain its signer speaks for. */
  | 'DL_TOKEN_SUBJECT'
  /** The actor chain is malformed or longer than the limit. */
  | 'DL_TOKEN_ACTORS'
  /** A file of keys that cannot be used; the start stops. */
  | 'DL_KEYS_FILE';

/** An identity that was claimed and not accepted, or keys that cannot be used. The message never holds the token. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  constructor(
    readonly code: IdentityCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
