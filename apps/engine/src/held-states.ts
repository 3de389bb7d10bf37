import type { AgentState } from '#drift';

/** One agent's state while it is held: what the store has, and what the running batch made of it. */
export interface Held {
  key: string;
  stored: AgentState | null;
  next: AgentState | null;
  touched: boolean;
  /** Came in a batch before this one as well. */
  familiar: boolean;
  /** Window of the flood tally it was counted in. */
  talliedIn: number;
}

/**
 * Decoded states of one partition, so that an agent seen again costs no load. What a batch makes of them counts only
 * once it is stored: `adopt` after the commit, `rollBack` when there was none. Least recently folded go first.
 *
 * Held from its second batch on: most agents of a busy log do not come again soon, and keeping what lives that long from
 * the garbage collector cost more than all of their folding.
 */
export class HeldStates {
  private readonly held = new Map<string, Held>();
  private touchedList: Held[] = [];
  /** Agents that came in one batch; their states were let go. */
  private readonly once = new Set<string>();

  constructor(private readonly max: number) {}

  get size(): number {
    return this.held.size;
  }

  /** In order of first touch; the same for every run over the same batch. */
  get touched(): readonly Held[] {
    return this.touchedList;
  }

  get(key: string): Held | undefined {
    return this.held.get(key);
  }

  /** What the store holds for this agent. */
  put(key: string, stored: AgentState | null): void {
    const familiar = this.once.delete(key);
    this.held.set(key, { key, stored, next: stored, touched: false, familiar, talliedIn: 0 });
  }

  advance(held: Held, next: AgentState): void {
    held.next = next;
    if (held.touched) return;
    held.touched = true;
    this.touchedList.push(held);
  }

  /** The batch is stored. */
  adopt(): void {
    for (const held of this.touchedList) {
      held.stored = held.next;
      held.touched = false;
      this.held.delete(held.key);
      if (held.familiar) this.held.set(held.key, held);
      else this.once.add(held.key);
    }
    this.touchedList = [];
    shorten(this.held, this.max);
    shorten(this.once, this.max);
  }

  /** The batch was not stored, or nobody knows. */
  rollBack(): void {
    for (const held of this.touchedList) {
      held.next = held.stored;
      held.touched = false;
    }
    this.touchedList = [];
  }

  /** Another writer moved the marker: nothing held is believed any more. */
  clear(): void {
    this.held.clear();
    this.once.clear();
    this.touchedList = [];
  }
}

/** The first ones go. */
function shorten(keyed: Map<string, unknown> | Set<string>, max: number): void {
  if (keyed.size <= max) return;
  for (const key of keyed.keys()) {
    keyed.delete(key);
    if (keyed.size <= max) return;
  }
}
