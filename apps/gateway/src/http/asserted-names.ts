import { ASSERTED_MAX, ASSERTED_NEW_MAX, ASSERTED_NEW_MS } from '../limits.js';

/**
 * The names that asserted agents gave themselves. Each is a state of its own that is kept for weeks, and whoever reaches
 * the gateway can make one up: so many new ones in a while are taken, and those that are known stay known.
 */
export class AssertedNames {
  /** In order of last use. */
  private readonly known = new Set<string>();
  private fresh = 0;
  private windowEndsAtMs = 0;

  /** False = a new one beyond the limit. */
  admit(name: string, nowMs: number): boolean {
    if (this.known.delete(name)) {
      this.known.add(name);
      return true;
    }
    if (nowMs >= this.windowEndsAtMs) {
      this.windowEndsAtMs = nowMs + ASSERTED_NEW_MS;
      this.fresh = 0;
    }
    if (this.fresh >= ASSERTED_NEW_MAX) return false;
    this.fresh += 1;
    this.known.add(name);
    if (this.known.size > ASSERTED_MAX) this.known.delete(this.known.values().next().value as string);
    return true;
  }
}
