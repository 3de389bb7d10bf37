import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import {
  exportJWK,
  generateKeyPair,
  SignJWT,
  UnsecuredJWT,
  type CryptoKey,
  type JWK,
  type JWTPayload,
} from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { verifyBearer, type VerifyOptions } from './bearer.js';
import { IdentityError, type IdentityCode } from './errors.js';
import {
  issuerKeys,
  loadIssuerKeys,
  loadTrustBundle,
  trustBundle,
  type IssuerKeys,
  type TrustBundle,
} from './keys.js';

const NOW_MS = Date.UTC(2026, 0, 15);
const NOW_S = NOW_MS / 1000;
const HOST = 'spiffe://trustdomain/host';

interface Signer {
  alg: string;
  privateKey: CryptoKey;
  jwk: JWK;
}
async function signer(alg: string, kid: string, use?: string): Promise<Signer> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return { alg, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, ...(use ? { use } : {}) } };
}

/** A token of `key`; `header` overrides what it says about itself. */
function sign(key: Signer, claims: JWTPayload, header: Record<string, unknown> = {}): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.jwk.kid as string, typ: 'JWT', ...header })
    .sign(key.privateKey);
}
const claims = (changes: JWTPayload = {}): JWTPayload => ({
  sub: HOST,
  iss: 'issuer',
  aud: ['audience'],
  iat: NOW_S,
  exp: NOW_S + 60,
  ...changes,
});
/** JSON leaves these out. */
const without = (name: string): JWTPayload => claims({ [name]: undefined });

async function codeOf(token: string, options: VerifyOptions): Promise<IdentityCode | 'accepted'> {
  try {
    await verifyBearer(token, options);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    return error.code;
  }
}

let ec: Signer;
let rsa: Signer;
let stranger: Signer;
let issuer: Signer;
let bundle: TrustBundle;
let jwks: IssuerKeys;
let svid: VerifyOptions;
let access: VerifyOptions;

beforeAll(async () => {
  ec = await signer('ES384', 'authority1', 'jwt-svid');
  rsa = await signer('RS256', 'authority2', 'jwt-svid');
  stranger = await signer('ES384', 'authority1', 'jwt-svid');
  issuer = await signer('ES256', 'issuer1', 'sig');
  bundle = await trustBundle({ keys: [ec.jwk, rsa.jwk] }, { trustDomain: 'trustdomain' });
  jwks = await issuerKeys({ keys: [issuer.jwk] });
  svid = { bundle, audience: 'audience', nowMs: NOW_MS };
  access = { jwks, issuer: 'https://issuer.example', audience: 'https://mcp.example', nowMs: NOW_MS };
});

describe('a JWT-SVID', () => {
  it('names its agent, whoever of the two authorities signed it', async () => {
    for (const key of [ec, rsa]) {
      expect(await verifyBearer(await sign(key, claims()), svid)).toStrictEqual({
        agent: HOST,
        principal: null,
        actors: [],
        expiresAt: NOW_MS + 60_000,
        audiences: ['audience'],
      });
    }
  });

  it('may have typ JWT, JOSE or none', async () => {
    expect(await codeOf(await sign(ec, claims(), { typ: 'JOSE' }), svid)).toBe('accepted');
    expect(await codeOf(await sign(ec, claims(), { typ: undefined }), svid)).toBe('accepted');
  });

  // go-spiffe v2, svid/jwtsvid/svid_test.go, TestParseAndValidate.
  it.each<[string, () => Promise<string> | string, IdentityCode]>([
    ['malformed', () => 'invalid token', 'DL_TOKEN_MALFORMED'],
    ['no token', () => '', 'DL_TOKEN_MALFORMED'],
    ['unsupported algorithm HS256', () => hmacToken(), 'DL_TOKEN_ALGORITHM'],
    ['unsigned', () => new UnsecuredJWT(claims()).encode(), 'DL_TOKEN_ALGORITHM'],
    ['missing subject', () => sign(ec, without('sub')), 'DL_TOKEN_CLAIM'],
    ['missing expiry', () => sign(ec, without('exp')), 'DL_TOKEN_CLAIM'],
    ['missing audience', () => sign(ec, without('aud')), 'DL_TOKEN_CLAIM'],
    ['expired', () => sign(ec, claims({ exp: NOW_S - 60 })), 'DL_TOKEN_EXPIRED'],
    ['not yet valid', () => sign(ec, claims({ nbf: NOW_S + 60 })), 'DL_TOKEN_NOT_YET_VALID'],
    ['unexpected audience', () => sign(ec, claims({ aud: ['another'] })), 'DL_TOKEN_AUDIENCE'],
    ['subject is no SPIFFE ID', () => sign(ec, claims({ sub: 'invalid subject' })), 'DL_TOKEN_SUBJECT'],
    ['missing key id', () => sign(ec, claims(), { kid: undefined }), 'DL_TOKEN_KEY'],
    [
      'no bundle for the trust domain',
      () => sign(ec, claims({ sub: 'spiffe://another.domain/host' })),
      'DL_TOKEN_TRUST_DOMAIN',
    ],
    ['no authority with the key id', () => sign(ec, claims(), { kid: 'noKey' }), 'DL_TOKEN_KEY'],
    ['another key with the same id', () => sign(stranger, claims()), 'DL_TOKEN_SIGNATURE'],
    [
      'another kind of key with the same id',
      () => sign(rsa, claims(), { kid: 'authority1' }),
      'DL_TOKEN_KEY',
    ],
    ['invalid typ', () => sign(ec, claims(), { typ: 'invalid' }), 'DL_TOKEN_HEADER'],
    [
      'a header that brings its own key',
      () => sign(stranger, claims(), { jwk: stranger.jwk }),
      'DL_TOKEN_HEADER',
    ],
    [
      'a header that names a place for keys',
      () => sign(ec, claims(), { jku: 'https://evil.example' }),
      'DL_TOKEN_HEADER',
    ],
    ['a time that is none', () => sign(ec, claims({ exp: 1e300 })), 'DL_TOKEN_CLAIM'],
    [
      'an actor of another trust domain',
      () => sign(ec, claims({ act: { sub: 'spiffe://another.domain/x' } })),
      'DL_TOKEN_SUBJECT',
    ],
  ])('is refused: %s', async (_what, token, code) => {
    expect(await codeOf(await token(), svid)).toBe(code);
  });

  it('is refused when a signed byte was changed', async () => {
    const [header, , signature] = (await sign(ec, claims())).split('.');
    const forged = Buffer.from(JSON.stringify(claims({ sub: 'spiffe://trustdomain/admin' }))).toString(
      'base64url',
    );
    expect(await codeOf(`${header}.${forged}.${signature}`, svid)).toBe('DL_TOKEN_SIGNATURE');
  });

  it('is in no message, nor are its claims behind one', async () => {
    const token = await sign(ec, claims({ aud: 'another', email: 'alice@example.org' }));
    const error = await verifyBearer(token, svid).catch((reason: unknown) => reason as IdentityError);
    expect(error).toBeInstanceOf(IdentityError);
    expect(inspect(error, { depth: 9 })).not.toMatch(/alice@example|eyJ/);
  });

  it('is refused beyond 16 KiB before anything is parsed', async () => {
    expect(await codeOf(await sign(ec, claims({ padding: 'x'.repeat(20_000) })), svid)).toBe(
      'DL_TOKEN_MALFORMED',
    );
  });

  it('still counts within ten seconds of its expiry, for clocks that differ', async () => {
    expect(await codeOf(await sign(ec, claims({ exp: NOW_S - 5 })), svid)).toBe('accepted');
  });
});

async function hmacToken(): Promise<string> {
  const secret = new TextEncoder().encode('a shared secret of thirty-two bytes');
  return new SignJWT(claims()).setProtectedHeader({ alg: 'HS256', kid: 'authority1' }).sign(secret);
}

describe('an access token', () => {
  const user = (changes: JWTPayload = {}): JWTPayload =>
    claims({
      sub: 'alice',
      iss: 'https://issuer.example',
      aud: 'https://mcp.example',
      act: { sub: HOST },
      ...changes,
    });

  it('names the outermost actor as agent and the subject as principal', async () => {
    const act = { sub: HOST, act: { sub: 'spiffe://trustdomain/orchestrator', act: { sub: 'portal' } } };
    expect(await verifyBearer(await sign(issuer, user({ act }), { typ: 'at+jwt' }), access)).toStrictEqual({
      agent: HOST,
      principal: 'alice',
      actors: [HOST, 'spiffe://trustdomain/orchestrator', 'portal'],
      expiresAt: NOW_MS + 60_000,
      audiences: ['https://mcp.example'],
    });
  });

  it.each<[string, JWTPayload, IdentityCode]>([
    ['another issuer', { iss: 'https://evil.example' }, 'DL_TOKEN_ISSUER'],
    ['no issuer', { iss: undefined }, 'DL_TOKEN_CLAIM'],
    ['another audience', { aud: 'https://other.example' }, 'DL_TOKEN_AUDIENCE'],
    ['no actor and a subject that is no SPIFFE ID', { act: undefined }, 'DL_TOKEN_SUBJECT'],
    ['an actor that is no SPIFFE ID', { act: { sub: 'bot' } }, 'DL_TOKEN_SUBJECT'],
    ['an actor that is no object', { act: 'bot' }, 'DL_TOKEN_ACTORS'],
    ['an actor without subject', { act: { act: { sub: HOST } } }, 'DL_TOKEN_ACTORS'],
    ['nine actors', { act: nested(9) }, 'DL_TOKEN_ACTORS'],
    ['a subject of 3000 bytes', { sub: 's'.repeat(3000) }, 'DL_TOKEN_CLAIM'],
  ])('is refused: %s', async (_what, changes, code) => {
    expect(await codeOf(await sign(issuer, user(changes)), access)).toBe(code);
  });

  it('is refused with the typ of another kind of token', async () => {
    expect(await codeOf(await sign(issuer, user(), { typ: 'secevent+jwt' }), access)).toBe('DL_TOKEN_HEADER');
  });

  it('is checked by its own keys beside a bundle, each kind by its own rules', async () => {
    const both: VerifyOptions = { ...access, bundle, audience: 'audience' };
    expect(await codeOf(await sign(ec, claims()), both)).toBe('accepted');
    expect(await codeOf(await sign(issuer, user({ aud: 'audience' })), both)).toBe('accepted');
    expect(await codeOf(await sign(issuer, claims({ iss: 'https://issuer.example' })), both)).toBe(
      'DL_TOKEN_KEY',
    );
    expect(await codeOf(await sign(ec, user({ aud: 'audience' })), both)).toBe('DL_TOKEN_KEY');
  });
});

function nested(depth: number): object {
  return depth === 1 ? { sub: HOST } : { sub: HOST, act: nested(depth - 1) };
}

describe('files of keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'driftline-keys-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, json: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, typeof json === 'string' ? json : JSON.stringify(json));
    return path;
  };

  it('holds one bundle with its domain, or several by domain', async () => {
    const one = await loadTrustBundle(file('one.json', { trust_domain: 'trustdomain', keys: [ec.jwk] }));
    const given = await loadTrustBundle(file('bare.json', { keys: [ec.jwk] }), {
      trustDomain: 'trustdomain',
    });
    const many = await loadTrustBundle(
      file('many.json', { trust_domains: { trustdomain: { keys: [ec.jwk] }, other: { keys: [rsa.jwk] } } }),
    );
    for (const loaded of [one, given, many]) {
      expect(await codeOf(await sign(ec, claims()), { ...svid, bundle: loaded })).toBe('accepted');
    }
    const foreign = await sign(ec, claims({ sub: 'spiffe://other/host' }));
    expect(await codeOf(foreign, { ...svid, bundle: many })).toBe('DL_TOKEN_KEY');
  });

  it('ignores keys for other documents and of unknown kinds, and then verifies nothing', async () => {
    const keys = [
      { ...ec.jwk, use: 'x509-svid' },
      { ...ec.jwk, use: undefined },
      { kty: 'XYZ', kid: 'authority1', use: 'jwt-svid' },
    ];
    const loaded = await loadTrustBundle(file('useless.json', { trust_domain: 'trustdomain', keys }));
    expect(await codeOf(await sign(ec, claims()), { ...svid, bundle: loaded })).toBe('DL_TOKEN_KEY');
  });

  it.each<[string, unknown]>([
    ['says not whose bundle it is', { keys: [] }],
    ['is no trust domain', { trust_domain: 'Bad Domain', keys: [] }],
    ['expected a JWK Set', { trust_domain: 'trustdomain' }],
    ['JSON', '{'],
    [
      'cannot be read',
      { trust_domain: 'td', keys: [{ kty: 'EC', crv: 'P-256', x: '!', y: '!', kid: 'k', use: 'jwt-svid' }] },
    ],
    [
      'private part',
      {
        trust_domain: 'td',
        keys: [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b', d: 'c', kid: 'k', use: 'jwt-svid' }],
      },
    ],
  ])('is refused: %s', async (message, json) => {
    const load = loadTrustBundle(file('wrong.json', json));
    await expect(load).rejects.toMatchObject({
      code: 'DL_KEYS_FILE',
      message: expect.stringContaining(message) as string,
    });
  });

  it('of an issuer needs a usable key', async () => {
    const loaded = await loadIssuerKeys(file('jwks.json', { keys: [issuer.jwk, { kty: 'oct', k: 'AAAA' }] }));
    const token = await sign(issuer, claims({ iss: 'https://issuer.example', aud: 'https://mcp.example' }));
    expect(await codeOf(token, { ...access, jwks: loaded })).toBe('accepted');
    await expect(loadIssuerKeys(file('none.json', { keys: [] }))).rejects.toMatchObject({
      code: 'DL_KEYS_FILE',
    });
    await expect(loadIssuerKeys(join(folder, 'missing.json'))).rejects.toMatchObject({
      code: 'DL_KEYS_FILE',
    });
  });
});
