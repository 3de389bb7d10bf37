import { describe, expect, it } from 'vitest';
import { IdentityError, type IdentityCode } from './errors.js';
import { isSpiffeId, parseSpiffeId } from './spiffe.js';

/** The tables of go-spiffe v2 (`spiffeid/id_test.go`, Apache-2.0), with our codes for its messages. */

function codeOf(text: string): IdentityCode | 'accepted' {
  try {
    parseSpiffeId(text);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof IdentityError)) throw error;
    return error.code;
  }
}

const LOWER = 'abcdefghijklmnopqrstuvwxyz';
const TRUST_DOMAIN_CHARACTERS = new Set(`${LOWER}0123456789.-_`);
const PATH_CHARACTERS = new Set(`${LOWER}${LOWER.toUpperCase()}0123456789.-_`);

describe('parseSpiffeId', () => {
  it.each([
    ['spiffe://trustdomain', 'trustdomain', ''],
    ['spiffe://trustdomain/path', 'trustdomain', '/path'],
    ['spiffe://trustdomain/path/element', 'trustdomain', '/path/element'],
    ['spiffe://trustdomain/.path', 'trustdomain', '/.path'],
    ['spiffe://trustdomain/..path', 'trustdomain', '/..path'],
    ['spiffe://trustdomain/...', 'trustdomain', '/...'],
  ])('accepts %s', (id, trustDomain, path) => {
    expect(parseSpiffeId(id)).toStrictEqual({ id, trustDomain, path });
    expect(isSpiffeId(id)).toBe(true);
  });

  it.each<[string, IdentityCode]>([
    ['', 'DL_ID_EMPTY'],
    ['s', 'DL_ID_SCHEME'],
    ['spiffe:/', 'DL_ID_SCHEME'],
    ['spiffe:/trustdomain/path', 'DL_ID_SCHEME'],
    ['Spiffe://', 'DL_ID_SCHEME'],
    ['SPIFFE://trustdomain', 'DL_ID_SCHEME'],
    ['https://trustdomain/path', 'DL_ID_SCHEME'],
    ['spiffe://', 'DL_ID_TRUST_DOMAIN_MISSING'],
    ['spiffe:///', 'DL_ID_TRUST_DOMAIN_MISSING'],
    ['spiffe:///path', 'DL_ID_TRUST_DOMAIN_MISSING'],
    ['spiffe://trust$domain', 'DL_ID_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://user@trustdomain/path', 'DL_ID_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://trustdomain:8443/path', 'DL_ID_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://%F0%9F%A4%AF/path', 'DL_ID_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://%62%61%64/path', 'DL_ID_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://trustdomain/', 'DL_ID_PATH_TRAILING_SLASH'],
    ['spiffe://trustdomain/path/', 'DL_ID_PATH_TRAILING_SLASH'],
    ['spiffe://trustdomain//', 'DL_ID_PATH_SEGMENT_EMPTY'],
    ['spiffe://trustdomain//path', 'DL_ID_PATH_SEGMENT_EMPTY'],
    ['spiffe://trustdomain/.', 'DL_ID_PATH_SEGMENT_DOTS'],
    ['spiffe://trustdomain/./path', 'DL_ID_PATH_SEGMENT_DOTS'],
    ['spiffe://trustdomain/path/./other', 'DL_ID_PATH_SEGMENT_DOTS'],
    ['spiffe://trustdomain/path/..', 'DL_ID_PATH_SEGMENT_DOTS'],
    ['spiffe://trustdomain/..', 'DL_ID_PATH_SEGMENT_DOTS'],
    ['spiffe://trustdomain/../path', 'DL_ID_PATH_SEGMENT_DOTS'],
    ['spiffe://trustdomain/path/../other', 'DL_ID_PATH_SEGMENT_DOTS'],
    ['spiffe://trustdomain/%F0%9F%A4%AF', 'DL_ID_PATH_CHARACTER'],
    ['spiffe://trustdomain/%62%61%64', 'DL_ID_PATH_CHARACTER'],
    ['spiffe://trustdomain/path$', 'DL_ID_PATH_CHARACTER'],
    ['spiffe://trustdomain/path?query', 'DL_ID_PATH_CHARACTER'],
    ['spiffe://trustdomain/path#fragment', 'DL_ID_PATH_CHARACTER'],
    ['spiffe://trustdomain/path\n', 'DL_ID_PATH_CHARACTER'],
  ])('rejects %j with %s', (text, code) => {
    expect(codeOf(text)).toBe(code);
    expect(isSpiffeId(text)).toBe(false);
  });

  it('judges every one of the first 256 code points, in trust domain and path', () => {
    for (let point = 0; point < 256; point += 1) {
      const character = String.fromCodePoint(point);
      if (character === '/') continue;
      expect(codeOf(`spiffe://trustdomain${character}/path`), `trust domain, code point ${point}`).toBe(
        TRUST_DOMAIN_CHARACTERS.has(character) ? 'accepted' : 'DL_ID_TRUST_DOMAIN_CHARACTER',
      );
      expect(codeOf(`spiffe://trustdomain/path${character}`), `path, code point ${point}`).toBe(
        PATH_CHARACTERS.has(character) ? 'accepted' : 'DL_ID_PATH_CHARACTER',
      );
    }
  });

  it('holds the limits of the specification: 255 bytes of trust domain, 2048 in all', () => {
    expect(codeOf(`spiffe://${'a'.repeat(255)}/x`)).toBe('accepted');
    expect(codeOf(`spiffe://${'a'.repeat(256)}/x`)).toBe('DL_ID_TRUST_DOMAIN_TOO_LONG');
    const start = 'spiffe://td/';
    expect(codeOf(start + 'p'.repeat(2048 - start.length))).toBe('accepted');
    expect(codeOf(start + 'p'.repeat(2049 - start.length))).toBe('DL_ID_TOO_LONG');
  });
});
