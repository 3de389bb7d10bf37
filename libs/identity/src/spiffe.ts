/**
 * SPIFFE IDs by the specification's rules (SPIFFE-ID.md §2), as strictly as go-spiffe: lower-case scheme and trust domain,
 * no percent-encoding, no empty or dot segments. One identity has exactly one spelling.
 */
import { IdentityError } from './errors.js';

export interface SpiffeId {
  /** The whole ID, as given. */
  id: string;
  trustDomain: string;
  /** From the first `/` on; empty for the ID of the trust domain itself. */
  path: string;
}

const SCHEME = 'spiffe://';
/** The specification's own limits, in bytes. */
const ID_BYTES_MAX = 2_048;
const TRUST_DOMAIN_BYTES_MAX = 255;
const TRUST_DOMAIN = /^[a-z0-9._-]+$/;
const SEGMENT = /^[a-zA-Z0-9._-]+$/;

function checkSegment(segment: string, isLast: boolean): void {
  if (segment === '') {
    throw isLast
      ? new IdentityError('DL_ID_PATH_TRAILING_SLASH', 'SPIFFE ID: the path cannot end with a slash')
      : new IdentityError('DL_ID_PATH_SEGMENT_EMPTY', 'SPIFFE ID: the path cannot have empty segments');
  }
  if (segment === '.' || segment === '..') {
    throw new IdentityError('DL_ID_PATH_SEGMENT_DOTS', 'SPIFFE ID: the path cannot have dot segments');
  }
  if (!SEGMENT.test(segment)) {
    throw new IdentityError(
      'DL_ID_PATH_CHARACTER',
      'SPIFFE ID: path segments are letters, numbers, dots, dashes and underscores only',
    );
  }
}

/** Throws `IdentityError` with a code `DL_ID_…`. */
export function parseSpiffeId(text: string): SpiffeId {
  if (text === '') throw new IdentityError('DL_ID_EMPTY', 'SPIFFE ID: cannot be empty');
  // Characters are enough to bound the work below; what passes is ASCII, where they are bytes.
  if (text.length > ID_BYTES_MAX) {
    throw new IdentityError('DL_ID_TOO_LONG', `SPIFFE ID: longer than ${ID_BYTES_MAX} bytes`);
  }
  if (!text.startsWith(SCHEME)) {
    throw new IdentityError('DL_ID_SCHEME', 'SPIFFE ID: the scheme is missing or not `spiffe://`');
  }
  const slash = text.indexOf('/', SCHEME.length);
  const trustDomain = slash === -1 ? text.slice(SCHEME.length) : text.slice(SCHEME.length, slash);
  const path = slash === -1 ? '' : text.slice(slash);
  if (trustDomain === '') {
    throw new IdentityError('DL_ID_TRUST_DOMAIN_MISSING', 'SPIFFE ID: the trust domain is missing');
  }
  if (!TRUST_DOMAIN.test(trustDomain)) {
    throw new IdentityError(
      'DL_ID_TRUST_DOMAIN_CHARACTER',
      'SPIFFE ID: trust domains are lower-case letters, numbers, dots, dashes and underscores only',
    );
  }
  if (trustDomain.length > TRUST_DOMAIN_BYTES_MAX) {
    throw new IdentityError(
      'DL_ID_TRUST_DOMAIN_TOO_LONG',
      `SPIFFE ID: the trust domain is longer than ${TRUST_DOMAIN_BYTES_MAX} bytes`,
    );
  }
  if (path !== '') {
    const segments = path.slice(1).split('/');
    segments.forEach((segment, index) => checkSegment(segment, index === segments.length - 1));
  }
  return { id: text, trustDomain, path };
}

/** Whether it is a SPIFFE ID, for places where another identity is no error. */
export function isSpiffeId(text: string): boolean {
  try {
    parseSpiffeId(text);
    return true;
  } catch (error) {
    if (error instanceof IdentityError) return false;
    throw error;
  }
}
