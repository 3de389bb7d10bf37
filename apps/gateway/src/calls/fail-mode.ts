/** What happens to a call when log and spool, the authority or the revocations cannot be reached: per effect. */
import { EFFECTS, type Effect } from '#activity/types';
import type { GatewayConfig } from '#config';

export class FailMode {
  private readonly closed: ReadonlySet<Effect>;

  /** Default: reads stay open, everything else is closed. */
  constructor(overrides: GatewayConfig['failMode']) {
    this.closed = new Set(
      EFFECTS.filter((effect) => (overrides[effect] ?? (effect === 'read' ? 'open' : 'closed')) === 'closed'),
    );
  }

  closes(effect: Effect): boolean {
    return this.closed.has(effect);
  }

  /** As it is registered. */
  list(): { effect: Effect; closed: boolean }[] {
    return EFFECTS.map((effect) => ({ effect, closed: this.closed.has(effect) }));
  }
}
