/**
 * Who is behind a bearer token. Two kinds are taken: a JWT-SVID, checked with the bundle of its subject's own trust domain
 * (JWT-SVID.md §3–4), and an issuer's access token (RFC 9068) with the agent in `sub` or, acting for someone, in `act` (RFC 8693).
 */
import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  jwtVerify,
  type JWTPayload,
  type JWTVerifyGetKey,
} from 'jose';
import { IdentityError, type IdentityCode } from './errors.js';
import type { IssuerKeys, TrustBundle } from './keys.js';
import { isSpiffeId, parseSpiffeId } from './spiffe.js';

export interface Identity {
  /** SPIFFE ID of the agent: the outermost actor, or the subject where nobody acts for another. */
  agent: string;
  /** Whom the agent acts for: the subject when there is an actor, else null. */
  principal: string | null;
  /** Actor chain, outermost first; empty when the subject acts itself. */
  actors: string[];
  /** Milliseconds since the epoch: from then on the token counts no more. */
  expiresAt: number;
  /** Every audience of the token: it may be passed on to nobody else. */
  audiences: string[];
}

export interface VerifyOptions {
  /** Accept JWT-SVIDs of these trust domains. */
  bundle?: TrustBundle;
  /** Accept access tokens signed with these keys. */
  jwks?: IssuerKeys;
  /** Required `iss` of access tokens. */
  issuer?: string;
  /** Must be among the token's audiences. */
  audience: string;
  /** Clock, for tests and replay; the system's when absent. */
  nowMs?: number;
}

/** Everything asymmetric that the JWT-SVID specification allows, and nothing else. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'PS256', 'PS384', 'PS512'];
/** The only headers of a JWT-SVID. */
const SVID_HEADERS = new Set(['alg', 'kid', 'typ']);
const SVID_TYPES = new Set(['JWT', 'JOSE']);
/** RFC 9068 says `at+jwt`; many issuers say `JWT` or nothing. */
const ACCESS_TYPES = new Set(['at+jwt', 'application/at+jwt', 'jwt']);
/** Clocks of two machines may differ by this much. */
const LEEWAY_S = 10;
/** Proxies refuse headers beyond this as well; also bounds the work for a token nobody signed. */
const TOKEN_BYTES_MAX = 16_384;
const ACTORS_MAX = 8;
const SUBJECT_BYTES_MAX = 2_048;

/** What each of jose's errors means here; anything else is a malformed token. */
const CODES: Readonly<Record<string, IdentityCode>> = {
  ERR_JOSE_ALG_NOT_ALLOWED: 'DL_TOKEN_ALGORITHM',
  ERR_JWKS_NO_MATCHING_KEY: 'DL_TOKEN_KEY',
  ERR_JWKS_MULTIPLE_MATCHING_KEYS: 'DL_TOKEN_KEY',
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'DL_TOKEN_SIGNATURE',
};
const CLAIM_CODES: Readonly<Record<string, IdentityCode>> = {
  aud: 'DL_TOKEN_AUDIENCE',
  iss: 'DL_TOKEN_ISSUER',
  nbf: 'DL_TOKEN_NOT_YET_VALID',
};

function identityError(error: unknown): IdentityError {
  if (error instanceof IdentityError) return error;
  if (error instanceof errors.JWTClaimValidationFailed) {
    const missing = error.reason === 'missing' || error.reason === 'invalid';
    const code = missing ? 'DL_TOKEN_CLAIM' : (CLAIM_CODES[error.claim] ?? 'DL_TOKEN_CLAIM');
    // Without the cause: jose puts every claim of the token on it.
    return new IdentityError(code, `token: ${error.message}`);
  }
  if (error instanceof errors.JWTExpired)
    return new IdentityError('DL_TOKEN_EXPIRED', `token: ${error.message}`);
  const code = error instanceof errors.JOSEError ? CODES[error.code] : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return new IdentityError(code ?? 'DL_TOKEN_MALFORMED', `token: ${message}`, { cause: error });
}

interface Unverified {
  header: Record<string, unknown>;
  claims: JWTPayload;
}

/** Reads without believing: only to know which keys and rules apply. */
function peek(token: string): Unverified {
  if (token.length > TOKEN_BYTES_MAX) {
    throw new IdentityError('DL_TOKEN_MALFORMED', `token: larger than ${TOKEN_BYTES_MAX} bytes`);
  }
  const header = decodeProtectedHeader(token) as Record<string, unknown>;
  if (typeof header.alg !== 'string' || !ALGORITHMS.includes(header.alg)) {
    throw new IdentityError(
      'DL_TOKEN_ALGORITHM',
      `token: algorithm ${String(header.alg)}; allowed are ${ALGORITHMS.join(', ')}`,
    );
  }
  return { header, claims: decodeJwt(token) };
}

function subjectOf(claims: JWTPayload): string {
  if (typeof claims.sub !== 'string' || claims.sub === '') {
    throw new IdentityError('DL_TOKEN_CLAIM', 'token: the subject claim `sub` is missing');
  }
  if (Buffer.byteLength(claims.sub) > SUBJECT_BYTES_MAX) {
    throw new IdentityError('DL_TOKEN_CLAIM', `token: \`sub\` is longer than ${SUBJECT_BYTES_MAX} bytes`);
  }
  return claims.sub;
}

/** Headers by the SVID's rules, and the keys of the subject's trust domain: `iss`, `jku` and the like choose nothing. */
function svidKeys(token: Unverified, bundle: TrustBundle): JWTVerifyGetKey {
  const { header } = token;
  if (header.typ !== undefined && !SVID_TYPES.has(String(header.typ))) {
    throw new IdentityError(
      'DL_TOKEN_HEADER',
      `token: header typ ${String(header.typ)}; a JWT-SVID has JWT, JOSE or none`,
    );
  }
  const other = Object.keys(header).find((name) => !SVID_HEADERS.has(name));
  if (other !== undefined) {
    throw new IdentityError(
      'DL_TOKEN_HEADER',
      `token: header ${other}; a JWT-SVID has alg, kid and typ only`,
    );
  }
  if (typeof header.kid !== 'string' || header.kid === '') {
    throw new IdentityError('DL_TOKEN_KEY', 'token: header kid is missing');
  }
  const { trustDomain } = spiffeSubject(subjectOf(token.claims), 'sub');
  const keys = bundle.domains.get(trustDomain);
  if (!keys)
    throw new IdentityError('DL_TOKEN_TRUST_DOMAIN', `token: no bundle for the trust domain ${trustDomain}`);
  return keys;
}

function spiffeSubject(subject: string, claim: string): { id: string; trustDomain: string } {
  try {
    return parseSpiffeId(subject);
  } catch (error) {
    throw new IdentityError(
      'DL_TOKEN_SUBJECT',
      `token: ${claim} is no SPIFFE ID: ${(error as Error).message}`,
      { cause: error },
    );
  }
}

function accessKeys(token: Unverified, jwks: IssuerKeys): JWTVerifyGetKey {
  const { typ } = token.header;
  if (typ !== undefined && !(typeof typ === 'string' && ACCESS_TYPES.has(typ.toLowerCase()))) {
    throw new IdentityError(
      'DL_TOKEN_HEADER',
      `token: header typ ${String(typ)}; an access token has at+jwt, JWT or none`,
    );
  }
  return jwks.key;
}

/** Nested `act` claims, outermost first. */
function actorChain(claims: JWTPayload): string[] {
  const chain: string[] = [];
  for (let act = claims.act; act !== undefined; act = (act as { act?: unknown }).act) {
    const sub = typeof act === 'object' && act !== null ? (act as { sub?: unknown }).sub : undefined;
    if (typeof sub !== 'string' || sub === '' || Buffer.byteLength(sub) > SUBJECT_BYTES_MAX) {
      throw new IdentityError('DL_TOKEN_ACTORS', `token: actor ${chain.length + 1} has no usable \`sub\``);
    }
    chain.push(sub);
    if (chain.length > ACTORS_MAX) {
      throw new IdentityError('DL_TOKEN_ACTORS', `token: more than ${ACTORS_MAX} actors`);
    }
  }
  return chain;
}

/** Whether a token is to be checked as a JWT-SVID: its subject belongs to a trust domain whose bundle is here. */
function isSvid(token: Unverified, options: VerifyOptions): boolean {
  if (!options.jwks) return true;
  if (!options.bundle) return false;
  const { sub } = token.claims;
  return (
    typeof sub === 'string' && isSpiffeId(sub) && options.bundle.domains.has(parseSpiffeId(sub).trustDomain)
  );
}

function identityOf(claims: JWTPayload, svid: boolean): Identity {
  const subject = subjectOf(claims);
  const actors = actorChain(claims);
  const agent = spiffeSubject(actors[0] ?? subject, actors.length > 0 ? 'act.sub' : 'sub');
  // The authority of a trust domain speaks for its own workloads only.
  if (svid && agent.trustDomain !== parseSpiffeId(subject).trustDomain) {
    throw new IdentityError(
      'DL_TOKEN_SUBJECT',
      `token: ${agent.id} is of another trust domain than the subject that was signed`,
    );
  }
  const expiresAt = Math.floor(claims.exp! * 1000);
  if (!Number.isSafeInteger(expiresAt)) throw new IdentityError('DL_TOKEN_CLAIM', 'token: `exp` is no time');
  return {
    agent: agent.id,
    principal: actors.length > 0 ? subject : null,
    actors,
    expiresAt,
    audiences: [claims.aud ?? []].flat(),
  };
}

/**
 * Verifies the token of an `Authorization: Bearer` header (the token alone). At least one of `bundle` and `jwks` is given.
 * Throws `IdentityError` and nothing else; the token itself is in no message.
 */
export async function verifyBearer(token: string, options: VerifyOptions): Promise<Identity> {
  try {
    const unverified = peek(token);
    const svid = isSvid(unverified, options);
    if (svid && !options.bundle)
      throw new IdentityError('DL_TOKEN_KEY', 'token: no keys are configured to check it with');
    const keys = svid ? svidKeys(unverified, options.bundle!) : accessKeys(unverified, options.jwks!);
    const { payload } = await jwtVerify(token, keys, {
      algorithms: ALGORITHMS,
      audience: options.audience,
      requiredClaims: ['sub', 'exp', 'aud'],
      clockTolerance: LEEWAY_S,
      ...(svid || options.issuer === undefined ? {} : { issuer: options.issuer }),
      ...(options.nowMs === undefined ? {} : { currentDate: new Date(options.nowMs) }),
    });
    return identityOf(payload, svid);
  } catch (error) {
    throw identityError(error);
  }
}
