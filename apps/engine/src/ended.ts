import { liftKey } from '#activity';
import type { Lift, Revocation } from '#activity/types';
import { ENDED_KEPT_MS, ENDED_MAX } from './limits.js';

const LIFT_PREFIX = liftKey('');

/**
 * Revocations on their topic and when they end, so that what ended long ago can be taken off it. Whatever brings such a
 * record back (a command done twice, a partition folded again) brings one that is over, with or without its lift: nobody
 * holds it, so that nothing is given or taken. One without an end, and its lift, stay for ever.
 */
export class EndedRevocations {
  private readonly untilOf = new Map<string, number>();
  private readonly lifted = new Set<string>();

  revoked({ id, until }: Pick<Revocation, 'id' | 'until'>): void {
    // Past the limit it is found again at the next start.
    if (until === null || this.untilOf.size >= ENDED_MAX) return;
    this.untilOf.set(id, Math.max(until, this.untilOf.get(id) ?? 0));
  }

  liftedBy({ revocation }: Pick<Lift, 'revocation'>): void {
    if (this.lifted.size < ENDED_MAX) this.lifted.add(revocation);
  }

  /** This key holds nothing any more. */
  gone(key: string): void {
    if (key.startsWith(LIFT_PREFIX)) this.lifted.delete(key.slice(LIFT_PREFIX.length));
    else this.untilOf.delete(key);
  }

  /** Keys to take off the topic, at most about `max`. */
  due(nowMs: number, max: number): string[] {
    const keys: string[] = [];
    for (const [id, until] of this.untilOf) {
      if (keys.length >= max) break;
      if (until + ENDED_KEPT_MS > nowMs) continue;
      keys.push(id);
      if (this.lifted.has(id)) keys.push(liftKey(id));
    }
    return keys;
  }
}
