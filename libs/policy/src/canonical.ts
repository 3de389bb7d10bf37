/** A policy as bytes: one form for one meaning, so that its digest names it everywhere. */
import { createHash } from 'node:crypto';
import type { Policy } from '#drift';
import { PolicyError } from './errors.js';

/** SHA-256 of the canonical form, lower-case hex; of a policy, of everything but the digest. */
export function digestOf(policy: object): string {
  return createHash('sha256').update(canonical(policy)).digest('hex');
}

/** JSON with keys in order. */
export function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** As it stands on the `policies` topic: the canonical form, without the digest, which follows from it. */
export function encodePolicy({ digest: _digest, ...policy }: Policy): Buffer {
  return Buffer.from(canonical(policy));
}

/**
 * Reads what `encodePolicy` wrote; the digest is computed, never believed. Throws `PolicyError`.
 * A compiled policy of another version of this software keeps its own digest and meaning.
 */
export function decodePolicy(bytes: Uint8Array): Policy {
  let policy: Omit<Policy, 'digest'>;
  try {
    policy = JSON.parse(Buffer.from(bytes).toString('utf8')) as Omit<Policy, 'digest'>;
  } catch (error) {
    throw new PolicyError('encoded policy', [{ line: 1, path: '', message: (error as Error).message }]);
  }
  const missing = PARTS.filter((part) => policy === null || typeof policy !== 'object' || !(part in policy));
  if (missing.length > 0) {
    throw new PolicyError(
      'encoded policy',
      missing.map((path) => ({ line: 1, path, message: 'missing' })),
    );
  }
  return { digest: digestOf(policy), ...policy };
}
const PARTS = [
  'name',
  'catalogue',
  'ask',
  'dataClasses',
  'detectors',
  'levels',
  'responses',
  'uncatalogued',
  'idleMs',
  'implicitTaskIdleMs',
  'profileHalfLifeMs',
  'exposureHalfLifeMs',
  'settledMs',
  'keepIntent',
];
