import { hash, timingSafeEqual } from 'node:crypto';
import type { Caller } from '#access';
import type { Credential } from './credentials.js';

/** Tells callers by their bearer token, in a time that does not depend on how much of a token is right. */
export class Callers {
  private readonly known: { hash: Buffer; caller: Caller }[];

  constructor(credentials: Credential[]) {
    this.known = credentials.map(({ name, role, token }) => ({
      hash: hashOf(token),
      caller: { name, role },
    }));
  }

  /** Null for no credential or an unknown one. */
  identify(authorization: string | undefined): Caller | null {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (token === undefined) return null;
    const given = hashOf(token);
    let found: Caller | null = null;
    for (const { hash: expected, caller } of this.known) {
      if (timingSafeEqual(given, expected)) found = caller;
    }
    return found;
  }
}

function hashOf(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}
