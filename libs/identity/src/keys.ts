/**
 * The keys that tokens are checked with, read once at start: a SPIFFE trust bundle per trust domain, or an issuer's JWK Set.
 * Keys never come from a token.
 */
import { readFileSync } from 'node:fs';
import { createLocalJWKSet, importJWK, type JWK, type JWTVerifyGetKey } from 'jose';
import { IdentityError } from './errors.js';
import { parseSpiffeId } from './spiffe.js';

/** Keys of each trust domain. A domain without usable keys is there and verifies nothing. */
export interface TrustBundle {
  domains: ReadonlyMap<string, JWTVerifyGetKey>;
}

/** Keys of one issuer. */
export interface IssuerKeys {
  key: JWTVerifyGetKey;
}

/** Asymmetric key types with an algorithm we accept; the specification has others ignored. */
const KEY_TYPES = new Set(['RSA', 'EC']);

/** Shortest RSA modulus that is accepted, as jose does: base64url characters of 2048 bits. */
const RSA_MODULUS_CHARACTERS = 342;

function usable(jwk: JWK): boolean {
  if (!KEY_TYPES.has(jwk.kty ?? '')) return false;
  return jwk.kty !== 'RSA' || (jwk.n?.length ?? 0) >= RSA_MODULUS_CHARACTERS;
}

/** Tries every key now, so that a damaged one stops the start and not a call. Private parts are refused: they do not belong there. */
async function checked(keys: JWK[], path: string): Promise<JWK[]> {
  for (const jwk of keys) {
    if (jwk.d !== undefined) {
      throw new IdentityError(
        'DL_KEYS_FILE',
        `${path}: key ${jwk.kid ?? '(no kid)'} holds its private part; publish only public keys`,
      );
    }
    try {
      await importJWK(jwk, jwk.alg ?? (jwk.kty === 'RSA' ? 'RS256' : ecAlgorithm(jwk)));
    } catch (error) {
      throw new IdentityError('DL_KEYS_FILE', `${path}: key ${jwk.kid ?? '(no kid)'} cannot be read`, {
        cause: error,
      });
    }
  }
  return keys;
}

function ecAlgorithm(jwk: JWK): string {
  if (jwk.crv === 'P-384') return 'ES384';
  return jwk.crv === 'P-521' ? 'ES512' : 'ES256';
}

function keyList(json: unknown, path: string): JWK[] {
  const keys = (json as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys))
    throw new IdentityError('DL_KEYS_FILE', `${path}: expected a JWK Set, {"keys": […]}`);
  return keys as JWK[];
}

/** Keys for JWT-SVIDs: `use` is `jwt-svid`, `kid` is there. Others in a bundle are for other documents. */
async function jwtAuthorities(json: unknown, path: string): Promise<JWTVerifyGetKey> {
  const keys = keyList(json, path)
    .filter((jwk) => jwk.use === 'jwt-svid' && typeof jwk.kid === 'string' && jwk.kid !== '' && usable(jwk))
    // jose knows `sig` only.
    .map((jwk) => ({ ...jwk, use: 'sig' }));
  return createLocalJWKSet({ keys: await checked(keys, path) });
}

/** The name of a trust domain, by the rules for SPIFFE IDs. */
function domainName(name: string, path: string): string {
  try {
    return parseSpiffeId(`spiffe://${name}`).trustDomain;
  } catch (error) {
    throw new IdentityError('DL_KEYS_FILE', `${path}: ${JSON.stringify(name)} is no trust domain`, {
      cause: error,
    });
  }
}

/**
 * Trust bundles from parsed JSON. Either `{"trust_domains": {"<name>": <bundle>, …}}` or one SPIFFE bundle (a JWK Set) with its
 * domain in `trustDomain` or in a member `trust_domain`: a bundle does not say by itself whose it is, and must never verify
 * another domain's IDs. Throws `IdentityError` `DL_KEYS_FILE`. `path` is for messages.
 */
export async function trustBundle(
  json: unknown,
  options: { trustDomain?: string; path?: string } = {},
): Promise<TrustBundle> {
  const path = options.path ?? 'trust bundle';
  const object = (typeof json === 'object' && json !== null ? json : {}) as Record<string, unknown>;
  const domains = new Map<string, JWTVerifyGetKey>();
  if (typeof object.trust_domains === 'object' && object.trust_domains !== null) {
    for (const [name, bundle] of Object.entries(object.trust_domains)) {
      domains.set(domainName(name, path), await jwtAuthorities(bundle, path));
    }
    return { domains };
  }
  const name = options.trustDomain ?? object.trust_domain;
  if (typeof name !== 'string') {
    throw new IdentityError(
      'DL_KEYS_FILE',
      `${path}: says not whose bundle it is; add "trust_domain": "<name>" beside "keys", or use {"trust_domains": {"<name>": {"keys": […]}}}`,
    );
  }
  domains.set(domainName(name, path), await jwtAuthorities(json, path));
  return { domains };
}

/** An issuer's keys from a parsed JWK Set. Throws `IdentityError` `DL_KEYS_FILE` when none is usable. */
export async function issuerKeys(json: unknown, path = 'JWK Set'): Promise<IssuerKeys> {
  const keys = keyList(json, path).filter(
    (jwk) => (jwk.use === undefined || jwk.use === 'sig') && usable(jwk),
  );
  if (keys.length === 0)
    throw new IdentityError('DL_KEYS_FILE', `${path}: has no RSA (2048 bits or more) or EC signing key`);
  return { key: createLocalJWKSet({ keys: await checked(keys, path) }) };
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new IdentityError('DL_KEYS_FILE', `${path}: ${(error as Error).message}`, { cause: error });
  }
}

/** `trustBundle` of a file. */
export async function loadTrustBundle(
  path: string,
  options: { trustDomain?: string } = {},
): Promise<TrustBundle> {
  return trustBundle(readJson(path), { ...options, path });
}

/** `issuerKeys` of a file. */
export async function loadIssuerKeys(path: string): Promise<IssuerKeys> {
  return issuerKeys(readJson(path), path);
}
