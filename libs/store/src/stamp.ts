/**
 * Stamps: what makes `DecisionView.version` exact. Every write gives a fresh random stamp to each state and pending
 * list it changes, and a version is the two stamps side by side. Stamps are never used twice, so a version that is
 * still the same means that nothing was written in between, not even something that was undone again.
 */
import { randomFillSync } from 'node:crypto';

/** 96 random bits: two equal ones are not going to happen. */
export const STAMP_BYTES = 12;

export function freshStamp(): Buffer {
  if (next === POOL_BYTES) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(POOL_BYTES));
    next = 0;
  }
  next += STAMP_BYTES;
  return pool.subarray(next - STAMP_BYTES, next);
}

/** Random bytes for many stamps at a time: asking for twelve costs as much as asking for thousands. Never filled again. */
const POOL_BYTES = 256 * STAMP_BYTES;
let pool = Buffer.alloc(0);
let next = POOL_BYTES;

/** The opaque version of an agent: empty stamps where it has no state, or never had a pending list. */
export function versionOf(state: Uint8Array | null, pending: Uint8Array | null): string {
  return `${toHex(state)}.${toHex(pending)}`;
}

/** The two stamps of a version, as `versionOf` was given them; absent ones are empty. */
export function stampsOf(version: string): { state: Buffer; pending: Buffer } {
  const [state = '', pending = ''] = version.split('.');
  return { state: Buffer.from(state, 'hex'), pending: Buffer.from(pending, 'hex') };
}

function toHex(stamp: Uint8Array | null): string {
  return stamp === null ? '' : Buffer.from(stamp.buffer, stamp.byteOffset, stamp.byteLength).toString('hex');
}
